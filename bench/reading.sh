#!/usr/bin/env bash
# reading.sh [ROUNDS]: how long mirrorkeeper takes to read a Packages file with all
# relations, and apt to build its cache of the same file, each ROUNDS times (3).
# The file is the largest one among this machine's own lists, else a made-up one.
#
#   BENCH_DIR       where everything lies; default: a temporary directory, which is
#                   removed at the end
#   BENCH_RESULTS   file to add rows to; default: one in BENCH_DIR, of which tables
#                   are printed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-3}
export LC_ALL=C.UTF-8

if [ -z "${BENCH_DIR:-}" ]; then
	BENCH_DIR=$(mktemp -d -t bench.XXXXXX)
	trap 'rm -rf "$BENCH_DIR"' EXIT
fi
mkdir -p "$BENCH_DIR/bin" "$BENCH_DIR/logs"
BENCH_DIR=$(realpath "$BENCH_DIR")
results=${BENCH_RESULTS:-$BENCH_DIR/reading.tsv}
root=$BENCH_DIR/apt
(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./bench/gen ./bench/measure ./bench/reading)

# largest_list prints the path of the machine's largest list of binary packages.
largest_list() { find /var/lib/apt/lists -maxdepth 1 -type f -name '*_binary-*_Packages*' -printf '%s %p\n' 2>/dev/null | sort -n | tail -n 1 | cut -d' ' -f2-; }

# set_up_apt makes a root for apt that knows one repository, whose index is there.
set_up_apt() {
	local list architecture
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
	read_index=("$BENCH_DIR/bin/reading" -architecture "$architecture")
}

# measure ROUND PEER COMMAND...
measure() {
	sync
	"$BENCH_DIR/bin/measure" run -results "$results" -log "$BENCH_DIR/logs/reading" deb direct "$1" "$2" reading -- "${@:3}"
}

set_up_apt
export APT_CONFIG=$root/apt.conf
for round in $(seq "$rounds"); do
	rm -f "$root"/var/cache/apt/*.bin
	measure "$round" apt apt-cache gencaches
	measure "$round" mirrorkeeper "${read_index[@]}" "$index"
	measure "$round" "mirrorkeeper, with a catalog" "${read_index[@]}" -catalog "$index"
done

# Both have to have read all of the file.
there=$(grep -c '^Package:' "$index")
apt_has=$(apt-cache stats | sed -n 's/^Total distinct versions: \([0-9]*\).*/\1/p')
we_have=$("${read_index[@]}" "$index" | cut -d' ' -f1)
echo "$there packages; apt read $apt_has, mirrorkeeper $we_have"
if [ "$apt_has" != "$there" ] || [ "$we_have" != "$there" ]; then
	echo "error: not all packages of the file were read" >&2
	exit 1
fi
if [ -z "${BENCH_RESULTS:-}" ]; then
	"$BENCH_DIR/bin/measure" tables -results "$results"
fi
