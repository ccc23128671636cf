#!/usr/bin/env bash
# peers.sh ACTION PEER JOB OUT: what each program does for a job, set up as its
# manual advises. ACTION is one of
#
#   prepare  write configuration and lists; not measured
#   run      do the job and make it durable; measured
#   tree     print the directory below OUT that clients would use
#
# JOB is full (OUT is empty), unchanged or changed. The environment says where
# things are: BENCH_DIR, FORMAT (deb or rpm), ORIGIN (a URL, the repository is its /FORMAT),
# REPOSITORY (the directory that bench/gen wrote), MIRRORKEEPER (the program),
# GNUPGHOME.
set -euo pipefail
: "${FORMAT:?}" "${ORIGIN:?}" "${REPOSITORY:?}" "${MIRRORKEEPER:?}" "${GNUPGHOME:?}"
action=$1 peer=$2 job=$3 out=$4
key=$REPOSITORY/key.gpg
declare -A roots=([deb]=dists/stable/InRelease [rpm]=repodata/repomd.xml)
root=${roots[$FORMAT]}

# The floor: plain downloads of a list of files that another has made, by 16
# connections. Nothing is read, compared or checked.
prepare_floor() {
	local list
	case $job in
	full) list=$REPOSITORY/g1.files ;;
	changed) list=$REPOSITORY/g2.changed ;;
	unchanged) return ;;
	esac
	sed -E "s|^[0-9]+ (.*)|url = \"$ORIGIN/$FORMAT/\1\"\noutput = \"\1\"|" "$list" >"$out/curl.list"
}
run_floor() {
	cd "$out"
	if [ "$job" = unchanged ]; then # one request, answered with "not modified": nothing is written
		exec curl -s -f -z "$REPOSITORY/g1/$root" -o root.new "$ORIGIN/$FORMAT/$root"
	fi
	curl -g -s -f -Z --parallel-max 16 --create-dirs -K curl.list
	sync -f .
}
tree_floor() { echo "$out"; }

# mirrorkeeper makes durable what it publishes by itself.
prepare_mirrorkeeper() {
	local what="suites: [stable], components: [main], architectures: [amd64]"
	[ "$FORMAT" = deb ] || what="architectures: [x86_64]"
	cat >"$out/mirrorkeeper.yaml" <<-YAML
		destination: $out
		sources:
		  bench: {type: $FORMAT, url: "$ORIGIN/$FORMAT", $what, keys: ["$key"]}
		mirrors:
		  mirror: {from: [bench]}
	YAML
}
run_mirrorkeeper() { exec "$MIRRORKEEPER" sync --quiet --config "$out/mirrorkeeper.yaml"; }
tree_mirrorkeeper() { echo "$out/mirror"; }

# aptly keeps packages in a pool, makes a snapshot, and publishes it with metadata
# and a signature of its own. Without Contents, for which it would open every
# package; with 16 downloads at a time instead of 4.
prepare_aptly() {
	printf '{"rootDir": "%s", "downloadConcurrency": 16, "architectures": ["amd64"], "gpgProvider": "gpg"}\n' "$out" >"$out/aptly.conf"
}
run_aptly() {
	local snapshot aptly=(aptly "-config=$out/aptly.conf")
	snapshot=$(date +%s%N)
	if [ "$job" = full ]; then
		"${aptly[@]}" mirror create "-keyring=$key" bench "$ORIGIN/deb" stable main
	fi
	"${aptly[@]}" mirror update "-keyring=$key" bench
	"${aptly[@]}" snapshot create "$snapshot" from mirror bench
	if [ "$job" = full ]; then
		"${aptly[@]}" publish snapshot -skip-contents -batch -distribution=stable "$snapshot"
	else
		"${aptly[@]}" publish switch -skip-contents -batch stable "$snapshot"
	fi
	sync -f "$out"
}
tree_aptly() { echo "$out/public"; }

prepare_debmirror() { :; }
run_debmirror() {
	debmirror --method=http --host="${ORIGIN#http://}" --root=deb --dist=stable --section=main --arch=amd64 \
		--nosource --keyring="$key" --diff=none --rsync-extra=none "$out/mirror"
	sync -f "$out"
}
tree_debmirror() { echo "$out/mirror"; }

# apt-mirror 0.5.4 takes a URL with a port for a directory with another name, and
# then does not find what it fetched. So it is given a name that does not exist, and
# the origin as the proxy. 20 processes, its default.
prepare_apt-mirror() {
	mkdir -p "$out"/{mirror,skel,var}
	cat >"$out/mirror.list" <<-CONF
		set base_path $out
		set nthreads 20
		set _tilde 0
		set run_postmirror 0
		set defaultarch amd64
		deb http://origin.test/deb stable main
		clean http://origin.test/deb
	CONF
}
run_apt-mirror() {
	http_proxy=$ORIGIN apt-mirror "$out/mirror.list"
	if [ -e "$out/var/clean.sh" ]; then
		sh "$out/var/clean.sh"
	fi
	sync -f "$out"
}
tree_apt-mirror() { echo "$out/mirror/origin.test/deb"; }

# dnf's reposync comes with dnf-plugins-core, which cannot be installed beside zypper:
# it is unpacked only. It checks the signature of the root, and the digest of
# what it fetches. 16 downloads at a time instead of 3.
plugins=${BENCH_DIR:?}/dnf-plugins
prepare_reposync() {
	mkdir -p "$out"/dnf/{root,cache,persist,log,repos}
	if [ ! -d "$plugins" ]; then
		(cd "$BENCH_DIR" && apt-get download -q dnf-plugins-core && dpkg-deb -x dnf-plugins-core_*.deb "$plugins")
	fi
	cat >"$out/dnf/dnf.conf" <<-CONF
		[main]
		reposdir=$out/dnf/repos
		cachedir=$out/dnf/cache
		persistdir=$out/dnf/persist
		logdir=$out/dnf/log
		pluginpath=$plugins/usr/lib/python3/dist-packages/dnf-plugins
		max_parallel_downloads=16
		metadata_expire=0
		gpgcheck=0
		[bench]
		name=bench
		baseurl=$ORIGIN/rpm
		repo_gpgcheck=1
		gpgkey=file://$REPOSITORY/key.asc
	CONF
}
run_reposync() {
	PYTHONPATH=$plugins/usr/lib/python3/dist-packages dnf -q -y -c "$out/dnf/dnf.conf" --installroot="$out/dnf/root" --releasever=1 --forcearch=x86_64 \
		reposync --repoid=bench --download-metadata --delete --norepopath -p "$out/mirror"
	sync -f "$out"
}
tree_reposync() { echo "$out/mirror"; }

unset http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY
"${action}_$peer"
