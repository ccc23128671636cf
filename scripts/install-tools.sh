#!/usr/bin/env bash
# install-tools.sh GROUP|COMMAND...: installs, from the machine's own Debian sources,
# the programs of a group (test: those that the tests drive; bench: those that
# mirrorkeeper is measured beside), or the named ones. Does nothing where all are
# there. Services are not started.
set -euo pipefail
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# command or file, the package that has it, and the groups that need it
tools="
/usr/lib/python3/dist-packages/createrepo_c python3-createrepo-c test bench
apt-ftparchive apt-utils test bench
apt-mirror apt-mirror test bench
aptly aptly test bench
/usr/share/bash-completion/bash_completion bash-completion test
buildah buildah test
bzip2 bzip2 test
createrepo_c createrepo-c test bench
curl curl test bench
debmirror debmirror test bench
debootstrap debootstrap test
dnf dnf test bench
dose-debcheck dose-distcheck test bench
dpkg-scanpackages dpkg-dev bench
dpkg-source dpkg-dev test
fish fish test
gcc gcc test
gpg gnupg test bench
gpgv gpgv test bench
installcheck libsolv-tools bench
lintian lintian test
lz4 lz4 test
man man-db test
mandoc mandoc test
mirmon mirmon bench
modulemd-validator libmodulemd-tools test
nginx nginx-light test bench
pg_ctlcluster postgresql test
promtool prometheus test
python3 python3 test
repomdxml2solv libsolv-tools test bench
reprepro reprepro test
rpm rpm test
rpmlint rpmlint test
rsync rsync test
shellcheck shellcheck check
squid squid test
ssh openssh-client test
sshd openssh-server test
strace strace test
systemd-analyze systemd test
testsolv libsolv-tools test
wget wget test bench
xz xz-utils test bench
zck zchunk test
zsh zsh test
zstd zstd test
zypper zypper test
"

missing=()
while read -r command package groups; do
	[ -n "$command" ] || continue
	for wanted in "$@"; do
		if [[ " $command $groups " = *" $wanted "* ]]; then
			command -v "$command" >/dev/null || [ -e "$command" ] || missing+=("$package")
			break
		fi
	done
done <<<"$tools"
# The race detector links against the C library.
if [[ " $* " = *" test "* ]] && [ ! -e /usr/include/stdio.h ] && [ ! -e /usr/local/include/stdio.h ]; then
	missing+=(libc6-dev)
fi

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
echo "tools: installing ${missing[*]} (apt-get update, apt-get install)"
if [ "$(id -u)" != 0 ]; then
	echo "error: only root can install them" >&2
	echo "hint: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi

# Tests and benchmarks run an nginx, sshd and squid of their own: the packages must
# start none.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=600 update
apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "${missing[@]}"
