#!/bin/sh
# Installs the Debian packages of the clients that the tests drive.
# It needs root or sudo when something is missing, and nothing when all is there.
set -eu

packages="awscli ca-certificates diffutils fuse3 python3 python3-boto3 rclone s3cmd s3fs"

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
