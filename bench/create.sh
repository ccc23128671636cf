#!/usr/bin/env bash
# create.sh [ROUNDS]: how long mirrorkeeper takes to make a repository of package files,
# beside apt-ftparchive or createrepo_c, each ROUNDS times (3). (dpkg-scanpackages, which
# runs dpkg-deb for each package, takes 25 times as long as apt-ftparchive.)
#
#   create             of all packages, nothing of which is known
#   create-unchanged   once more: apt-ftparchive with its cache, createrepo_c --update
#   create-changed     after some packages have become others
#   create-large       of 50 000 small packages, for the memory
#   create-large-unchanged   once more
#
# mirrorkeeper signs what it writes, checks it and publishes it at once, and the packages
# with it; the others write indexes, which are compressed as mirrorkeeper's are. For deb all
# compute MD5 and SHA-256, as Debian publishes them.
#
#   BENCH_DIR        where everything lies; default: a temporary directory, which is
#                    removed at the end
#   BENCH_FORMATS    formats (deb rpm)
#   BENCH_PACKAGES   packages (5000), BENCH_BYTES bytes of all of them, about (3e9)
#   BENCH_LARGE      packages of the large repository (50000); 0 for none
#   BENCH_RESULTS    file to add rows to; default: one in BENCH_DIR, of which tables
#                    are printed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rounds=${1:-3}
packages=${BENCH_PACKAGES:-5000} bytes=${BENCH_BYTES:-3e9} large=${BENCH_LARGE:-50000}
export LC_ALL=C.UTF-8

if [ -z "${BENCH_DIR:-}" ]; then
	BENCH_DIR=$(mktemp -d -t bench.XXXXXX)
	trap 'rm -rf "$BENCH_DIR"' EXIT
fi
mkdir -p "$BENCH_DIR/bin" "$BENCH_DIR/logs"
BENCH_DIR=$(realpath "$BENCH_DIR")
results=${BENCH_RESULTS:-$BENCH_DIR/create.tsv}
(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./cmd/mirrorkeeper ./bench/gen ./bench/measure)
[ -e "$BENCH_DIR/release.asc" ] || "$BENCH_DIR/bin/mirrorkeeper" key generate --quiet "$BENCH_DIR/release.asc"
in=$BENCH_DIR/in
export out in

# measure FORMAT ROUND PEER JOB COMMAND...
measure() {
	sync
	"$BENCH_DIR/bin/measure" run -results "$results" -log "$BENCH_DIR/logs/create" "$1" direct "$2" "$3" "$4" -- "${@:5}"
}

# What each peer does for a repository, the first time and once more.
by_mirrorkeeper() {
	"$BENCH_DIR/bin/mirrorkeeper" create ours --quiet --type "$1" --key "$BENCH_DIR/release.asc" --destination "$out/mirrorkeeper" "$in"
}
by_apt_ftparchive() {
	mkdir -p "$out/apt-ftparchive"
	apt-ftparchive --no-sha1 --no-sha512 --db "$out/apt-ftparchive/cache.db" packages "$in/" >"$out/apt-ftparchive/Packages"
	gzip -9nf "$out/apt-ftparchive/Packages"
	apt-ftparchive release "$out/apt-ftparchive" >"$out/apt-ftparchive.release"
}
by_createrepo_c() {
	mkdir -p "$out/createrepo_c"
	createrepo_c --quiet --update --no-database --simple-md-filenames --outputdir "$out/createrepo_c" "$in/"
}
export -f by_mirrorkeeper by_apt_ftparchive by_createrepo_c
export BENCH_DIR

declare -A peers_of=([deb]="mirrorkeeper apt-ftparchive" [rpm]="mirrorkeeper createrepo_c")

# count FORMAT PEER: how many packages the indexes list that the peer wrote.
count() {
	case $1-$2 in
	deb-mirrorkeeper) zcat "$out"/mirrorkeeper/ours/dists/stable/main/binary-*/Packages.gz | sed -n 's/^Filename: //p' | sort -u | wc -l ;;
	deb-*) zcat "$out/$2/Packages.gz" | grep -c ^Filename: ;;
	rpm-mirrorkeeper) # of the generation before there are files, too
		zcat "$out/mirrorkeeper/ours/$(grep -o 'repodata/[^"]*-primary.xml.gz' "$out/mirrorkeeper/ours/repodata/repomd.xml")" | grep -c '<package ' ;;
	rpm-*) zcat "$out/$2"/repodata/primary.xml.gz | grep -c '<package ' ;;
	esac
}

# turn FORMAT ROUND JOB PACKAGES PEER...: each does the job, and has to list all packages.
turn() {
	local format=$1 round=$2 job=$3 there=$4 peer
	for peer in "${@:5}"; do
		# shellcheck disable=SC2016 # bash expands it
		measure "$format" "$round" "$peer" "$job" bash -c '"by_${1//-/_}" "$2"' - "$peer" "$format"
		if [ "$(count "$format" "$peer")" != "$there" ]; then
			echo "error: $peer lists $(count "$format" "$peer") packages of $there" >&2
			exit 1
		fi
	done
}

# begin NAME: a new place for what is written. What was there before stays until the end of
# the format, since ext4 takes long to make files where many have just been removed.
begin() {
	out=$BENCH_DIR/created/$1
	mkdir -p "$out"
}

# show DIRECTORY: what the peers find their packages in.
show() { ln -sfn "$1" "$in"; }

# packages_in GENERATION: the directory of its packages.
packages_in() {
	if [ -d "$repository/$1/pool" ]; then echo "$repository/$1/pool"; else echo "$repository/$1/Packages"; fi
}

for format in ${BENCH_FORMATS:-deb rpm}; do
	read -ra peers <<<"${peers_of[$format]}"
	repository=$BENCH_DIR/packages-$format
	"$BENCH_DIR/bin/gen" -format "$format" -out "$repository" -packages "$packages" -bytes "$bytes"
	for round in $(seq "$rounds"); do
		begin "$format-$round"
		show "$(packages_in g1)"
		there=$(find "$in/" -name "*.$format" | wc -l)
		turn "$format" "$round" create "$there" "${peers[@]}"
		turn "$format" "$round" create-unchanged "$there" "${peers[@]}"
		show "$(packages_in g2)"
		turn "$format" "$round" create-changed "$(find "$in/" -name "*.$format" | wc -l)" "${peers[@]}"
	done
	if [ "$large" -gt 0 ]; then
		repository=$BENCH_DIR/large-$format
		"$BENCH_DIR/bin/gen" -format "$format" -out "$repository" -packages "$large" -bytes "$((large * 2000))"
		show "$(packages_in g1)"
		begin "$format-large"
		there=$(find "$in/" -name "*.$format" | wc -l)
		turn "$format" 1 create-large "$there" mirrorkeeper
		turn "$format" 1 create-large-unchanged "$there" mirrorkeeper
	fi
	rm -rf "$BENCH_DIR/created" "$BENCH_DIR"/{packages,large}-"$format"
done
if [ -z "${BENCH_RESULTS:-}" ]; then
	"$BENCH_DIR/bin/measure" tables -results "$results"
fi
