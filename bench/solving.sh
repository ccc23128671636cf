#!/usr/bin/env bash
# solving.sh [ROUNDS]: how long mirrorkeeper takes to decide, its reading of the index
# included, each ROUNDS times (3):
#
#   solving      what 30 packages of desktops, servers and developers need, with what is
#                recommended; beside `apt-get install -s` of each
#   check        which packages cannot be installed; beside libsolv's installcheck and
#                dose-debcheck, which have to find the same ones
#   unresolved   which relations nothing satisfies
#   large        all of that for made-up indexes of 150 000 packages, for the memory
#
# The index is the machine's largest Packages list, else a made-up one.
#
#   BENCH_DIR       where everything lies; default: a temporary directory, which is
#                   removed at the end
#   BENCH_FORMATS   formats (deb rpm); of rpm there is the large index only
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
results=${BENCH_RESULTS:-$BENCH_DIR/solving.tsv}
solving=$BENCH_DIR/bin/solving
(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./bench/gen ./bench/measure ./bench/solving)
# shellcheck source=bench/index.sh
. "$here/index.sh"

wanted="task-gnome-desktop task-kde-desktop task-xfce-desktop lxde libreoffice firefox-esr chromium gimp inkscape vlc
	texlive-full build-essential default-jdk golang-go rustc nodejs python3-scipy r-base octave emacs
	git postgresql mariadb-server nginx apache2 docker.io samba dovecot-imapd ansible qemu-system-x86"

# choose_seeds sets seeds to those wanted that the index has, else to 30 of its names.
choose_seeds() {
	mapfile -t seeds < <(tr -s '[:space:]' '\n' <<<"$wanted" | grep -Fxf <(sed -n 's/^Package: //p' "$index") || true)
	if [ ${#seeds[@]} -lt 20 ]; then
		mapfile -t seeds < <(sed -n 's/^Package: //p' "$index" | awk 'NR % 1000 == 1' | head -n 30)
	fi
}

# simulate lets apt install each package on an empty machine, for show.
simulate() {
	local seed
	for seed; do
		apt-get install -s --install-recommends "$seed" >/dev/null || return
	done
}
export -f simulate

# measure FORMAT ROUND PEER JOB COMMAND...
measure() {
	sync
	"$BENCH_DIR/bin/measure" run -results "$results" -log "$BENCH_DIR/logs/solving" "$1" direct "$2" "$3" "$4" -- "${@:5}"
}

# Both peers end with 1 where a package is broken, which is no failure here.
check_by_libsolv() { installcheck "$1" "$2" || [ $? = 1 ]; }
check_by_dose() { dose-debcheck --deb-native-arch="$1" --failures "$2" || [ $? = 1 ]; }
export -f check_by_libsolv check_by_dose

# same_verdicts: the packages that the peers find broken are those that the library does.
same_verdicts() {
	local peer
	"$solving" -architecture "$architecture" -list check "$index" | awk '{ print $1 "-" $2 "." $3 }' | sort >"$BENCH_DIR/broken.mirrorkeeper"
	check_by_libsolv "$architecture" "$index" | sed -n "s/^can't install \(.*\):$/\1/p" | sort >"$BENCH_DIR/broken.libsolv"
	check_by_dose "$architecture" "$index" |
		awk '$1 == "package:" { p = $2 } $1 == "version:" { v = $2 } $1 == "architecture:" { a = $2 } $1 == "status:" && $2 == "broken" { print p "-" v "." a }' |
		sort -u >"$BENCH_DIR/broken.dose-debcheck"
	for peer in libsolv dose-debcheck; do
		if ! diff "$BENCH_DIR/broken.mirrorkeeper" "$BENCH_DIR/broken.$peer" >&2; then
			echo "error: $peer finds other packages broken" >&2
			return 1
		fi
	done
	echo "$(wc -l <"$BENCH_DIR/broken.mirrorkeeper") packages are broken, all agree"
}

solve_deb() {
	local ours=("$solving" -architecture)
	set_up_apt
	choose_seeds
	ours+=("$architecture")
	apt-cache gencaches
	echo "${#seeds[@]} seeds: ${seeds[*]}"
	for round in $(seq "$rounds"); do
		# shellcheck disable=SC2016 # bash expands it
		measure deb "$round" apt solving bash -c 'simulate "$@"' - "${seeds[@]}"
		measure deb "$round" mirrorkeeper solving "${ours[@]}" pick "$index" "${seeds[@]}"
		# shellcheck disable=SC2016
		measure deb "$round" libsolv check bash -c 'check_by_libsolv "$@"' - "$architecture" "$index"
		# shellcheck disable=SC2016
		measure deb "$round" dose-debcheck check bash -c 'check_by_dose "$@"' - "$architecture" "$index"
		measure deb "$round" mirrorkeeper check "${ours[@]}" check "$index"
		measure deb "$round" mirrorkeeper unresolved "${ours[@]}" unresolved "$index"
	done
	same_verdicts
	solve_large deb amd64
}

solve_rpm() { solve_large rpm x86_64; }

# solve_large FORMAT ARCHITECTURE: all questions about a made-up index.
solve_large() {
	local large=$BENCH_DIR/large seeds
	"$BENCH_DIR/bin/gen" -format "$1" -index "$large" -packages 150000
	mapfile -t seeds < <(sed -n 's/^Package: //p; s/^ *<name>\(.*\)<.*/\1/p' "$large" | awk 'NR % 5000 == 1')
	for round in $(seq "$rounds"); do
		measure "$1" "$round" mirrorkeeper large "$solving" -format "$1" -architecture "$2" all "$large" "${seeds[@]}"
	done
	rm -f "$large"
}

for format in ${BENCH_FORMATS:-deb rpm}; do
	"solve_$format"
done
if [ -z "${BENCH_RESULTS:-}" ]; then
	"$BENCH_DIR/bin/measure" tables -results "$results"
fi
