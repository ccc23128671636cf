# shellcheck shell=bash
# index.sh, for the other scripts: an index to read, and an apt that knows it alone.

# largest_list prints the path of the machine's largest list of binary packages.
largest_list() { find /var/lib/apt/lists -maxdepth 1 -type f -name '*_binary-*_Packages*' -printf '%s %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-; }

# set_up_apt makes a root for apt, BENCH_DIR/apt, that knows one repository, whose
# index is there: the machine's largest list, else a made-up one. It sets index and
# architecture.
set_up_apt() {
	local list root=$BENCH_DIR/apt
	rm -rf "$root"
	mkdir -p "$root"/etc/apt/{apt.conf.d,preferences.d,sources.list.d,trusted.gpg.d} "$root"/var/{lib/{dpkg,apt/lists/partial},cache/apt/archives/partial}
	: >"$root/var/lib/dpkg/status"
	list=$(largest_list)
	architecture=amd64
	if [ -n "$list" ]; then
		architecture=${list##*_binary-}
		architecture=${architecture%%_*}
	fi
	index=$root/var/lib/apt/lists/archive.example.org_debian_dists_stable_main_binary-${architecture}_Packages
	if [ -n "$list" ]; then
		/usr/lib/apt/apt-helper cat-file "$list" >"$index"
	else
		"$BENCH_DIR/bin/gen" -index "$index"
	fi
	echo "deb [trusted=yes arch=$architecture] http://archive.example.org/debian stable main" >"$root/etc/apt/sources.list"
	cat >"$root/apt.conf" <<-CONF
		Dir "$root"; Dir::State::status "$root/var/lib/dpkg/status";
		APT::Architecture "$architecture"; APT::Architectures { "$architecture"; };
		Acquire::Languages "none";
	CONF
	export APT_CONFIG=$root/apt.conf
}
