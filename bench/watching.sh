#!/usr/bin/env bash
# watching.sh [SITES] [REPOSITORIES] [MINUTES]: what it takes to watch a fleet: by default
# 1000 sites with 20 repositories of 5000 packages each, looked at every 90 seconds, for
# 7 minutes: roots and indexes, after 4 minutes a new generation of everything with its
# delta, and samples, which all fall due in the beginning. Then how fast lists of mirrors
# are answered, beside nginx with the same bytes as a static file.
#
# The watcher has one processor, the fleet the other.
#
#   BENCH_DIR   where everything lies; default: a temporary directory, which is removed
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sites=${1:-1000} repositories=${2:-20} minutes=${3:-7}
if [ -z "${BENCH_DIR:-}" ]; then
	BENCH_DIR=$(mktemp -d -t bench.XXXXXX)
	trap 'rm -rf "$BENCH_DIR"' EXIT
fi
mkdir -p "$BENCH_DIR/bin" "$BENCH_DIR/state"
(cd "$here/.." && go build -o "$BENCH_DIR/bin/" ./bench/watching ./cmd/mirrorkeeper)
ulimit -n 65536 2>/dev/null || true

taskset -c 1 "$BENCH_DIR/bin/watching" -sites "$sites" -repositories "$repositories" -config "$BENCH_DIR/watch.yaml" -state "$BENCH_DIR/state" \
	-publish "$((minutes * 60 * 4 / 7))s" >"$BENCH_DIR/fleet.log" &
fleet=$!
while [ ! -s "$BENCH_DIR/watch.yaml" ]; do sleep 0.2; done
GOMAXPROCS=1 taskset -c 0 "$BENCH_DIR/bin/mirrorkeeper" watch --config "$BENCH_DIR/watch.yaml" 2>"$BENCH_DIR/watch.log" &
watch=$!
trap 'kill $watch $fleet 2>/dev/null || true; wait 2>/dev/null || true' EXIT

cpu() { awk '{ print ($14 + $15) / 100 }' "/proc/$watch/stat"; }
for ((minute = 1; minute <= minutes; minute++)); do
	before=$(cpu)
	sleep 60
	echo "minute $minute: $(awk -v a="$before" -v b="$(cpu)" 'BEGIN { printf "%.0f %% of one processor", (b - a) / 60 * 100 }'), $(awk '/VmHWM/ { printf "peak %.0f MiB", $2 / 1024 }' "/proc/$watch/status")"
done
curl -s "http://127.0.0.1:28480/metrics" | awk '/^mirror_state/ { split($1, a, "state=\""); sub(/".*/, "", a[2]); n[a[2]]++ }
	/^mirror_check_requests_total|^mirror_check_bytes_total|^mirror_checks_total/ { print "  " $0 } END { for (s in n) print "  " s ": " n[s] }'

if command -v ab >/dev/null && command -v nginx >/dev/null; then
	mkdir -p "$BENCH_DIR/static"
	curl -s "http://127.0.0.1:28480/mirrorlist/few" >"$BENCH_DIR/static/list"
	cat >"$BENCH_DIR/nginx.conf" <<CONF
worker_processes 1;
daemon off;
pid $BENCH_DIR/nginx.pid;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:28481; root $BENCH_DIR/static; default_type text/plain; } }
CONF
	kill -STOP $fleet # the lists alone
	taskset -c 0 nginx -c "$BENCH_DIR/nginx.conf" 2>/dev/null &
	nginx=$!
	sleep 1
	for url in "http://127.0.0.1:28480/mirrorlist/few" "http://127.0.0.1:28481/list"; do
		echo "$url: $(taskset -c 1 ab -q -k -n 50000 -c 16 "$url" | sed -n 's/Requests per second: *//p;s/Document Length: *//p' | paste -sd ' ')"
	done
	kill $nginx
	kill -CONT $fleet
fi
kill $watch
wait $watch || true
kill $fleet
wait $fleet || true
tail -n 1 "$BENCH_DIR/fleet.log"
trap - EXIT
