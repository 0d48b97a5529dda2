#!/bin/sh
# Makes vmlinuz and initrd.gz in the folder that is named: the kernel that Debian
# builds for clouds, the modules of its NFS client, and busybox. Nothing of it is
# installed on this machine but the programs that run it.
set -eu
dir=$1

missing=""
for package in qemu-system-x86 busybox-static cpio kmod socat; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
	root=""
	[ "$(id -u)" -eq 0 ] || root=sudo
	$root apt-get update -qq
	# The list of names is meant to be split.
	# shellcheck disable=SC2086
	$root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq --no-install-recommends $missing
fi

mkdir -p "$dir/package" "$dir/image"
cd "$dir/package"
apt-get download -q "$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)"
dpkg-deb -x ./*.deb .
cp boot/vmlinuz-* "$dir/vmlinuz"
version=$(ls lib/modules)
/sbin/depmod -b . "$version"

cd "$dir/image"
mkdir -p bin dev proc sys mnt tmp run etc modules
cp "$(command -v busybox)" bin/busybox
for applet in $(busybox --list); do
	[ "$applet" = busybox ] || ln -sf busybox "bin/$applet"
done
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >etc/passwd

# The modules in the order in which they need each other.
number=100
for module in virtio_pci virtio_net nfs nfsv3; do
	/sbin/modprobe -d "$dir/package" -S "$version" --show-depends "$module"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' >"$dir/modules"
while read -r module; do
	number=$((number + 1))
	cp "$module" "modules/$number-$(basename "$module")"
done <"$dir/modules"

cat >init <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
stty -echo
for module in /modules/*; do insmod "$module"; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
code=1
if mount -i -t nfs -o "$(cat /run/options)" "10.0.2.100:$(cat /run/path)" /mnt; then
	cd /mnt
	sh /run/script
	code=$?
	cd /
	umount /mnt || code=1
fi
echo "@@end $code"
poweroff -f
INIT
chmod +x init
find . | cpio -o -H newc --quiet | gzip -1 >"$dir/initrd.gz"
