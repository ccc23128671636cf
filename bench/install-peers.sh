#!/usr/bin/env bash
# install-peers.sh: installs, from the machine's own Debian sources, the programs
# that mirrorkeeper is measured beside, and the tools for it. Does nothing where
# all are there. Services are not started.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# command, and the package that has it
tools="
aptly aptly
apt-mirror apt-mirror
curl curl
debmirror debmirror
gpg gnupg
gpgv gpgv
nginx nginx-light
wget wget
xz xz-utils
"

missing=()
while read -r command package; do
	[ -n "$command" ] || continue
	command -v "$command" >/dev/null || missing+=("$package")
done <<<"$tools"
if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
echo "bench: installing ${missing[*]} (apt-get update, apt-get install)"
if [ "$(id -u)" != 0 ]; then
	echo "error: only root can install them" >&2
	echo "hint: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi

# An nginx of our own is used, so the package must start none.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=600 update
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"
