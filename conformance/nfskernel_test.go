//go:build conformance

package conformance

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// guestWithin bounds a guest's life: it boots in a few seconds on an idle
// machine, and without hardware to help it needs many on a busy one.
const guestWithin = 10 * time.Minute

// A guest is Debian's kernel in a machine of its own, with nothing but busybox
// and the mount at /mnt. It can reach one port of this machine and nothing else.
type guest struct {
	dir  string // with vmlinuz and initrd.gz, which nfskernel.sh has made
	port string // of NFS and MOUNT
}

func newGuest(t *testing.T, g nfsGateway) guest {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "testdata/nfskernel.sh", dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("prepare the kernel: %v\n%s", err, out)
	}
	_, port, err := net.SplitHostPort(g.address)
	if err != nil {
		t.Fatal(err)
	}
	return guest{dir, port}
}

// run mounts a path, runs a script of busybox's shell in it and returns what it
// prints. A line "@@wait" of the script's output holds the guest up until
// meanwhile has returned.
func (g guest) run(t *testing.T, path, script string, meanwhile func()) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guestWithin)
	defer cancel()
	initrd := g.initrd(t, path, script)
	forward := fmt.Sprintf("user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:%s-cmd:socat STDIO TCP4:127.0.0.1:%s", g.port, g.port)
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-m", "512",
		"-kernel", filepath.Join(g.dir, "vmlinuz"), "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on",
		"-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-netdev", forward, "-device", "virtio-net-pci,netdev=net,romfile=")
	console, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	ended := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := strings.TrimRight(lines.Text(), "\r")
		switch {
		case strings.HasPrefix(line, "@@wait"):
			meanwhile()
			fmt.Fprintln(console, "go")
		case strings.HasPrefix(line, "@@end 0"):
			ended = true
		default:
			said.WriteString(line + "\n")
		}
	}
	if err := cmd.Wait(); err != nil || !ended {
		t.Fatalf("the guest did not come to its end: %v\n%s", err, said.String())
	}
	return said.String()
}

// initrd appends what this run needs to the image.
func (g guest) initrd(t *testing.T, path, script string) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"run/path": path, "run/script": script,
		"run/options": fmt.Sprintf("nfsvers=3,nolock,tcp,port=%s,mountport=%s,mountproto=tcp,addr=10.0.2.100", g.port, g.port),
	}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	image := filepath.Join(t.TempDir(), "initrd.gz")
	pack := fmt.Sprintf("{ cat %q; (cd %q && find . | cpio -o -H newc --quiet | gzip -1); } > %q", filepath.Join(g.dir, "initrd.gz"), dir, image)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", pack).CombinedOutput(); err != nil {
		t.Fatalf("pack: %v\n%s", err, out)
	}
	return image
}

// TestNFSKernel mounts by Linux's own client, and looks at everything.
func TestNFSKernel(t *testing.T) {
	g := newNFSGateway(t)
	want := nfsTree(t, g, "maps")
	machine := newGuest(t, g)
	said := machine.run(t, "/maps/v1", kernelScript, func() {
		shell := newShell(t, "RCLONE_CONFIG_GW_TYPE=s3", "RCLONE_CONFIG_GW_PROVIDER=Other", "RCLONE_CONFIG_GW_ENDPOINT="+g.url,
			"RCLONE_CONFIG_GW_ACCESS_KEY_ID="+g.access, "RCLONE_CONFIG_GW_SECRET_ACCESS_KEY="+g.secret)
		if _, err := shell.run(t.Context(), "rclone", "move", "gw:maps/v1/large", "gw:maps/v2/large"); err != nil {
			t.Error(err)
		}
	})
	t.Log(said)
	section := sections(said)
	for _, user := range []string{"root", "nobody"} {
		sums := map[string]digest{}
		for line := range strings.Lines(section[user]) {
			sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ./")
			b, err := hex.DecodeString(sum)
			if err != nil || len(b) != len(digest{}) {
				t.Fatalf("%s is told %q", user, line)
			}
			sums[name] = digest(b)
		}
		if err := differ(sums, want); err != nil {
			t.Errorf("sha256sum of %s: %v", user, err)
		}
	}
	if n := strings.Count("\n"+section["list"], "\n-r--r--r-- "); n != len(want) {
		t.Errorf("ls -lR lists %d files that all may read, want %d", n, len(want))
	}
	if section["odd"] != "equal\n" {
		t.Errorf("dd at odd offsets: %s", section["odd"])
	}
	if section["write"] != "refused\n" {
		t.Errorf("writing: %s", section["write"])
	}
	large := want["large/file"]
	if sum := section["moved"]; sum != "error\n" && !strings.HasPrefix(sum, hex.EncodeToString(large[:])) {
		t.Errorf("a file that was moved while it was open: %s, want the old one whole, or an error", sum)
	}
}

// sections are what is printed behind each line "== name".
func sections(said string) map[string]string {
	sections := map[string]string{}
	var name string
	for line := range strings.Lines(said) {
		if to, ok := strings.CutPrefix(line, "== "); ok {
			name = strings.TrimSuffix(to, "\n")
			continue
		}
		sections[name] += line
	}
	return sections
}

// kernelScript runs in the mounted tag. The mover takes large/ away at @@wait.
const kernelScript = `
echo "== list"; ls -lR .
echo "== root"; find . -type f -exec sha256sum {} +
echo 3 >/proc/sys/vm/drop_caches
echo "== nobody"; su nobody -s /bin/sh -c 'find . -type f -exec sha256sum {} +'
echo "== odd"
f=large/file
dd if=$f of=/tmp/whole bs=1M 2>/dev/null
same=equal
for at in 1 4095 4097 65537 1048575 5000001; do
	echo 3 >/proc/sys/vm/drop_caches
	a=$(dd if=$f bs=1 skip=$at count=9999 2>/dev/null | sha256sum)
	b=$(dd if=/tmp/whole bs=1 skip=$at count=9999 2>/dev/null | sha256sum)
	[ "$a" = "$b" ] || same="not equal at $at"
done
echo $same
echo "== write"
if touch new 2>/dev/null || rm -f a 2>/dev/null && [ ! -e a ] || (echo x >>a) 2>/dev/null; then echo done; else echo refused; fi
echo "== moved"
exec 3<$f
dd bs=64k count=1 <&3 >/tmp/part 2>/dev/null
echo "@@wait"; read go
echo 3 >/proc/sys/vm/drop_caches
if cat <&3 >>/tmp/part 2>/dev/null; then sha256sum </tmp/part; else echo error; fi
exec 3<&-
echo "== end"
`
