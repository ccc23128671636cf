#!/usr/bin/env bash
# reading.sh [ROUNDS]: how long mirrorkeeper takes to read an index with all relations,
# each ROUNDS times (3):
#
#   deb   a Packages file, of which apt builds its cache. It is the largest one among
#         this machine's own lists, else a made-up one.
#   rpm   a made-up primary.xml, which libsolv turns into its own form (rpmmd2solv of
#         libsolv-tools), and createrepo_c's parser reads (by python3-createrepo-c).
#
#   BENCH_DIR       where everything lies; default: a temporary directory, which is
#                   removed at the end
#   BENCH_FORMATS   formats (deb rpm)
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
(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./bench/gen ./bench/measure ./bench/reading)
# shellcheck source=bench/index.sh
. "$here/index.sh"

# createrepo_c_packages prints how many packages of a primary.xml createrepo_c's parser
# reads. It is of Debian's own python3.
createrepo_c_packages() {
	/usr/bin/python3 -c '
import sys, createrepo_c
packages = 0
def read(package):
    global packages
    packages += 1
createrepo_c.xml_parse_primary(sys.argv[1], pkgcb=read, do_files=True)
print(packages)' "$1"
}
export -f createrepo_c_packages

# measure FORMAT ROUND PEER COMMAND...
measure() {
	sync
	"$BENCH_DIR/bin/measure" run -results "$results" -log "$BENCH_DIR/logs/reading" "$1" direct "$2" "$3" reading -- "${@:4}"
}

# same PACKAGES PEER=PACKAGES...: all have to have read all of the file.
same() {
	local there=$1 peer
	shift
	echo "$there packages; read: $*"
	for peer; do
		if [ "${peer##*=}" != "$there" ]; then
			echo "error: not all packages of the file were read" >&2
			exit 1
		fi
	done
}

read_deb() {
	set_up_apt
	read_index=("$BENCH_DIR/bin/reading" -architecture "$architecture")
	for round in $(seq "$rounds"); do
		rm -f "$BENCH_DIR"/apt/var/cache/apt/*.bin
		measure deb "$round" apt apt-cache gencaches
		measure deb "$round" mirrorkeeper "${read_index[@]}" "$index"
		measure deb "$round" "mirrorkeeper, with a catalog" "${read_index[@]}" -catalog "$index"
	done
	same "$(grep -c '^Package:' "$index")" \
		apt="$(apt-cache stats | sed -n 's/^Total distinct versions: \([0-9]*\).*/\1/p')" \
		mirrorkeeper="$("${read_index[@]}" "$index" | cut -d' ' -f1)"
}

read_rpm() {
	local primary=$BENCH_DIR/primary.xml read_primary=("$BENCH_DIR/bin/reading" -format rpm)
	"$BENCH_DIR/bin/gen" -format rpm -index "$primary" -packages 60000
	for round in $(seq "$rounds"); do
		# shellcheck disable=SC2016 # bash expands it
		measure rpm "$round" libsolv bash -c 'rpmmd2solv <"$1" >/dev/null' - "$primary"
		# shellcheck disable=SC2016
		measure rpm "$round" createrepo_c bash -c 'createrepo_c_packages "$1"' - "$primary"
		measure rpm "$round" mirrorkeeper "${read_primary[@]}" "$primary"
		measure rpm "$round" "mirrorkeeper, with a catalog" "${read_primary[@]}" -catalog "$primary"
	done
	same "$(grep -c '^<package ' "$primary")" \
		libsolv="$(rpmmd2solv <"$primary" | dumpsolv | grep -c '^solvable:name:')" \
		createrepo_c="$(createrepo_c_packages "$primary")" \
		mirrorkeeper="$("${read_primary[@]}" "$primary" | cut -d' ' -f1)"
}

for format in ${BENCH_FORMATS:-deb rpm}; do
	"read_$format"
done
if [ -z "${BENCH_RESULTS:-}" ]; then
	"$BENCH_DIR/bin/measure" tables -results "$results"
fi
