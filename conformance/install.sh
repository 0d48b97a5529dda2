#!/bin/sh
# Installs the Debian packages of the clients that the tests drive and of the
# programs that read what is in deploy, and the server that some tests store in.
# It needs root or sudo when a package is missing, and nothing when all is there.
set -eu

# A server of S3 on a folder, for the tests of stores.
bin=$(cd "$(dirname "$0")/.." && pwd)/bin
go=${GO:-go}
versitygw=github.com/versity/versitygw/cmd/versitygw
release=v1.8.0
"$go" version -m "$bin/versitygw" 2>/dev/null | grep -q "$release" || GOBIN=$bin "$go" install "$versitygw@$release"

packages="awscli ca-certificates cadaver davfs2 diffutils fuse3 haproxy libnfs-utils litmus python3 python3-boto3 rclone s3cmd s3fs systemd"

missing=""
for package in $packages; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

root=""
[ "$(id -u)" -eq 0 ] || root=sudo

$root apt-get update -qq
# The list of names is meant to be split.
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq --no-install-recommends $missing
