#!/usr/bin/env bash
# run.sh [--readme] [ROUNDS]: measures mirrorkeeper beside other programs, each job
# ROUNDS times (3), and how an index is read and solved beside apt and libsolv. Prints tables, and
# with --readme writes them into README.md too; all rows are in results.tsv.
#
#   BENCH_DIR          where everything large lies; default: a temporary directory,
#                      which is removed at the end
#   BENCH_FORMATS      formats of repositories (deb rpm); of others the results stay
#   BENCH_PACKAGES     packages of a repository (5000)
#   BENCH_BYTES        bytes of all of them, about (3e9); twice and a half of that is
#                      needed in BENCH_DIR
#   BENCH_PEERS        who takes part (floor mirrorkeeper aptly debmirror apt-mirror
#                      reposync)
#   BENCH_RTT          round trip of the far link (30ms)
#   BENCH_FAR_ROUNDS   rounds over it (1)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL=C.UTF-8

readme=()
if [ "${1:-}" = --readme ]; then
	readme=(-readme "$here/README.md")
	shift
fi
rounds=${1:-3} far_rounds=${BENCH_FAR_ROUNDS:-1} rtt=${BENCH_RTT:-30ms}
packages=${BENCH_PACKAGES:-5000} bytes=${BENCH_BYTES:-3e9}
read -ra formats <<<"${BENCH_FORMATS:-deb rpm}"
declare -A programs_of=([deb]="apt apt-mirror aptly debmirror dose-distcheck libsolv-tools wget" [rpm]="createrepo-c dnf libsolv-tools")
declare -A peers_of=([deb]="floor mirrorkeeper aptly debmirror apt-mirror" [rpm]="floor mirrorkeeper reposync")
results=$here/results.tsv

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
	printf 'error: %s\n' "$1" >&2
	[ $# -eq 1 ] || printf 'hint: %s\n' "$2" >&2
	exit 1
}

# Everything that is started here ends here.
started=()
cleanup() {
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[ ! -d "${GNUPGHOME:-}" ] || gpgconf --homedir "$GNUPGHOME" --kill gpg-agent || true
	[ -z "${remove:-}" ] || rm -rf "$remove"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

set_up() {
	if [ -z "${BENCH_DIR:-}" ]; then
		BENCH_DIR=$(mktemp -d -t bench.XXXXXX)
		remove=$BENCH_DIR
	fi
	mkdir -p "$BENCH_DIR"/{bin,www,out,logs}
	BENCH_DIR=$(realpath "$BENCH_DIR")
	export BENCH_DIR REPOSITORY=$BENCH_DIR/repository GNUPGHOME=$BENCH_DIR/repository/gnupg MIRRORKEEPER=$BENCH_DIR/bin/mirrorkeeper
	"$here/../scripts/install-tools.sh" bench >&2
	say "building"
	(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./cmd/mirrorkeeper ./bench/gen ./bench/latency ./bench/measure ./bench/reading)
	rm -f "$BENCH_DIR"/logs/*
}

# forget takes the results of the format away, and leaves those of the others.
forget() {
	[ -e "$results" ] || return 0
	grep -v -E "^(# $FORMAT:|$FORMAT	)" "$results" >"$BENCH_DIR/results" || true
	mv "$BENCH_DIR/results" "$results"
}

generate() {
	local needed free
	rm -rf "$REPOSITORY" "${BENCH_DIR:?}"/out/* "${BENCH_DIR:?}"/www/*
	needed=$(awk -v bytes="$bytes" 'BEGIN { printf "%d", bytes * 2.5 }')
	free=$(df --output=avail -B1 "$BENCH_DIR" | tail -n 1)
	[ "$free" -ge "$needed" ] || fail "$needed bytes are needed, $free are free" "set BENCH_DIR to a directory on another disk"
	say "generating $packages $FORMAT packages"
	"$BENCH_DIR/bin/gen" -format "$FORMAT" -out "$REPOSITORY" -packages "$packages" -bytes "$bytes" >&2
}

# start_nginx serves BENCH_DIR/www at the first port that is free, and sets origin.
start_nginx() {
	local port pid
	for _ in {1..20}; do
		port=$((20000 + RANDOM % 12000))
		cat >"$BENCH_DIR/nginx.conf" <<-CONF
			daemon off; pid $BENCH_DIR/nginx.pid; error_log $BENCH_DIR/logs/nginx; worker_processes 2;
			$([ "$(id -u)" != 0 ] || echo 'user root;')
			events { worker_connections 1024; }
			http {
			  include /etc/nginx/mime.types; default_type application/octet-stream; access_log off;
			  sendfile on; tcp_nopush on;
			  client_body_temp_path $BENCH_DIR/tmp; proxy_temp_path $BENCH_DIR/tmp; fastcgi_temp_path $BENCH_DIR/tmp;
			  uwsgi_temp_path $BENCH_DIR/tmp; scgi_temp_path $BENCH_DIR/tmp;
			  server { listen 127.0.0.1:$port backlog=1024; root $BENCH_DIR/www; }
			}
		CONF
		nginx -p "$BENCH_DIR" -e "$BENCH_DIR/logs/nginx" -c "$BENCH_DIR/nginx.conf" &
		pid=$!
		origin=http://127.0.0.1:$port
		while kill -0 "$pid" 2>/dev/null; do # it ends where the port is taken
			if [ -e "$BENCH_DIR/nginx.pid" ] && curl -s -o "$BENCH_DIR/logs/answer" "$origin/"; then
				started+=("$pid")
				return
			fi
			sleep 0.1
		done
	done
	fail "nginx does not start; its log is $BENCH_DIR/logs/nginx" "set BENCH_DIR, so that the log stays"
}

# start_far puts the round trip before nginx, and sets far.
start_far() {
	"$BENCH_DIR/bin/latency" -origin "$origin" -rtt "$rtt" >"$BENCH_DIR/far" &
	started+=("$!")
	until [ -s "$BENCH_DIR/far" ]; do
		kill -0 "${started[-1]}" 2>/dev/null || fail "the far link does not start"
		sleep 0.1
	done
	far=$(cat "$BENCH_DIR/far")
}

# serve GENERATION: what the origin shows, by one rename.
serve() {
	ln -sfn "$REPOSITORY/g$1" "$BENCH_DIR/www/.new"
	mv -T "$BENCH_DIR/www/.new" "$BENCH_DIR/www/$FORMAT"
}

packages_in='^[0-9]+ (pool|Packages)/'

# holds TREE GENERATION: are all packages of the generation there, with their sizes?
# Where not, it says which, and fails.
holds() {
	comm -23 <(grep -E "$packages_in" "$REPOSITORY/g$2.files" | sort) \
		<(cd "$1" && find . -type f -printf '%s %P\n' | sort) >"$BENCH_DIR/absent"
	[ ! -s "$BENCH_DIR/absent" ] && return
	say "absent or of another size: $(head -n 3 "$BENCH_DIR/absent" | paste -sd ';'), $(wc -l <"$BENCH_DIR/absent") files in all"
	return 1
}

# measure LINK ORIGIN ROUND PEER: one peer's three jobs.
measure() {
	local link=$1 round=$3 peer=$4 out=$BENCH_DIR/out/$4 generation=1 job
	export ORIGIN=$2
	mkdir -p "$out"
	for job in full unchanged changed; do
		[ $job != changed ] || generation=2
		serve $generation
		"$here/peers.sh" prepare "$peer" $job "$out"
		sync
		if ! "$BENCH_DIR/bin/measure" run -results "$results" -log "$BENCH_DIR/logs/$peer" "$FORMAT" "$link" "$round" "$peer" $job -- \
			"$here/peers.sh" run "$peer" $job "$out" >&2; then
			say "$peer failed; the end of its output:"
			tail -n 5 "$BENCH_DIR/logs/$peer" >&2
			break # the next jobs would measure something else
		fi
		holds "$("$here/peers.sh" tree "$peer" $job "$out")" $generation || fail "$peer's mirror is not whole after the job $job"
	done
	rm -rf "$out"
}

# note adds to the results what was measured, when and where.
note() {
	local all changed cpu programs
	read -ra programs <<<"curl nginx ${programs_of[$FORMAT]}"
	all=$(awk '/ (pool|Packages)\// { n++; sum += $1 } END { printf "%d packages with %.0f MB", n, sum / 1e6 }' "$REPOSITORY/g1.files")
	changed=$(awk '/ (pool|Packages)\// { n++; sum += $1 } END { printf "%d with %.0f MB", n, sum / 1e6 }' "$REPOSITORY/g2.changed")
	cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1)
	echo "# $FORMAT: $(date +%Y-%m-%d): $all, of which $changed change; rounds: $rounds, over the far link of $rtt: $far_rounds." \
		"Machine: $(nproc) cores (${cpu:-unknown}), $(awk '/^MemTotal/ { printf "%.0f GB", $2 * 1024 / 1e9 }' /proc/meminfo) of memory," \
		"$(df --output=fstype "$BENCH_DIR" | tail -n 1) on $(disk); Linux $(uname -r | cut -d. -f1,2), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)." \
		"Programs: $(go version | cut -d' ' -f3)," \
		"$(dpkg-query -W -f '${Package} ${Version}\n' "${programs[@]}" 2>/dev/null | paste -sd, | sed 's/,/, /g')." >>"$results"
}

# disk says what BENCH_DIR lies on.
disk() {
	local name
	name=$(basename "$(realpath "/sys/dev/block/$(mountpoint -d "$(df --output=target "$BENCH_DIR" | tail -n 1)")")" 2>/dev/null) || name=
	case $name in
	vd*) echo "a virtual disk" ;;
	nvme*) echo "an NVMe disk" ;;
	"") echo "an unknown disk" ;;
	*) echo "a disk" ;;
	esac
}

set_up
for FORMAT in "${formats[@]}"; do
	export FORMAT
	read -ra peers <<<"${BENCH_PEERS:-${peers_of[$FORMAT]}}"
	generate
	serve 1
	if [ ${#started[@]} -eq 0 ]; then
		start_nginx
		start_far
	fi
	forget
	for round in $(seq "$rounds"); do
		for peer in "${peers[@]}"; do
			measure direct "$origin" "$round" "$peer"
		done
	done
	for round in $(seq "$far_rounds"); do
		for peer in "${peers[@]}"; do
			measure "$rtt away" "$far" "$round" "$peer"
		done
	done
	note
done
for script in reading solving; do
	BENCH_RESULTS=$results BENCH_FORMATS=${formats[*]} "$here/$script.sh" "$rounds" >&2
done
"$BENCH_DIR/bin/measure" tables -results "$results" "${readme[@]}"
