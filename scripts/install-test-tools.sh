#!/usr/bin/env bash
# install-test-tools.sh [COMMAND...]: installs, from the machine's own Debian
# sources, the programs that the tests drive (or only the named ones). Does
# nothing where all are there. Services are not started.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# command, and the package that has it
tools="
apt-ftparchive apt-utils
bzip2 bzip2
curl curl
debootstrap debootstrap
dpkg-source dpkg-dev
gcc gcc
gpg gnupg
gpgv gpgv
lz4 lz4
nginx nginx-light
python3 python3
shellcheck shellcheck
squid squid
xz xz-utils
zstd zstd
"

missing=()
while read -r command package; do
	[ -n "$command" ] || continue
	[ $# -eq 0 ] || [[ " $* " = *" $command "* ]] || continue
	command -v "$command" >/dev/null || missing+=("$package")
done <<<"$tools"
# The race detector links against the C library.
[ -e /usr/include/stdio.h ] || [ -e /usr/local/include/stdio.h ] || missing+=(libc6-dev)

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
echo "test tools: installing ${missing[*]} (apt-get update, apt-get install)"
if [ "$(id -u)" != 0 ]; then
	echo "error: only root can install them" >&2
	echo "hint: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi

# The tests run their own nginx and squid, so the packages must start none.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=600 update
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"
