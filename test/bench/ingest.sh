#!/usr/bin/env bash
#
# ingest.sh - what visitors' pages send while orders come in: how many events a second are stored,
# and what becomes of the time that an order takes (make bench-ingest).
#
# usage: test/bench/ingest.sh [--help]
#
# cases of a round, each over HTTP by wrk:
#   alone   guests' orders, offered at BENCH_SHARE percent of their peak
#   both    the same, and batches of 100 events offered at BENCH_EVENTS events a second
# The peak is what BENCH_CLIENTS clients that never wait place, measured first.
#
# environment:
#   BENCH_EVENTS   events a second that are offered; default 22000
#   BENCH_SHARE    default 30
#   BENCH_DEVICE   1ms (each flush takes 1 ms) or real; default 1ms
#   BENCH_CLIENTS  connections that send orders; default 32
#   BENCH_SECONDS  of each run; default 8
#   BENCH_WARM     seconds before that, to warm up; default 4
#   BENCH_ROUNDS   default 7
#   BENCH_MINUTES  no further round is begun after this time; default 14
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server, on the disk to measure; default /var/tmp
#
# The cases of a round run one after the other, in turn first, and are compared within the
# round. A run in which more than a tenth of the CPU was stolen is left out. Missed goals are
# reported and are no failure. A request that is refused is one, an event that was answered and
# is not stored, and a broken invariant after all runs. Clients, shim and server share the
# machine's cores.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
WARM_SECONDS=${BENCH_WARM:-4}
. test/bench/lib/bench.sh
. test/bench/lib/shim.sh

readonly HERE=test/bench/ingest
readonly EVENTS=${BENCH_EVENTS:-22000}
readonly SHARE=${BENCH_SHARE:-30}
readonly CLIENTS=${BENCH_CLIENTS:-32}
readonly RUN_SECONDS=${BENCH_SECONDS:-8}
readonly ROUNDS=${BENCH_ROUNDS:-7}
readonly MINUTES=${BENCH_MINUTES:-14}
readonly DEVICE=${BENCH_DEVICE:-1ms}
readonly WRITERS=16
readonly SENDERS=32      # connections that send events
readonly BATCH=100       # events of a batch, as load.lua makes it
readonly BATCH_ROWS=92   # of them in mjc.event; the others tell of the visit
SENT=0                   # batches that were answered

make_shop()
{
	start_device "$DEVICE"
	run_sql "$DEVICE" postgres -c 'CREATE DATABASE shop'
	run_sql "$DEVICE" shop -f test/bench/orders/setup.sql >/dev/null || die "the shop cannot be made"
	run_sql "$DEVICE" postgres -c CHECKPOINT
}

# orders SECONDS RATE FILE: a line `door requests us refused broken p50 p95 p99`; RATE 0: as fast as they go
orders()
{
	wrk -t 1 -c "$CLIENTS" -d "$1s" --latency -s "$HERE/load.lua" "http://127.0.0.1:${PORT[new]}" -- order "$CLIENTS" "$2" $RANDOM >"$3"
}

# events SECONDS RATE FILE: the same, a request is a batch
events()
{
	wrk -t 1 -c "$SENDERS" -d "$1s" --latency -s "$HERE/load.lua" "http://127.0.0.1:${PORT[new]}" -- event "$SENDERS" "$2" $RANDOM >"$3"
}

# load SECONDS CASE: what a case sends, in $DIR/orders and $DIR/events
load()
{
	local sender=

	: >"$DIR/events"
	if [[ $2 == both ]]; then
		events "$1" $((EVENTS / BATCH)) "$DIR/events" &
		sender=$!
	fi
	orders "$1" "$ORDER_RATE" "$DIR/orders" || die "no orders in $2"
	[[ -z $sender ]] || wait "$sender" || die "no events in $2"
	SENT=$((SENT + $(awk '$1 == "door" { print $2 }' "$DIR/events" | grep . || echo 0)))
}

# One line in $RUNS: server round case orders/s p50 p95 p99 events/s busy% stolen% yes|no
run_case()
{
	local round=$1 name=$2 before run

	load "$WARM_SECONDS" "$name"
	cpu_now
	before=$CPU
	load "$RUN_SECONDS" "$name"
	cpu_now
	run=$(awk -v before="$before" -v after="$CPU" -v most="$MAX_STOLEN" -v batch="$BATCH" '
		$1 != "door" { next }
		$4 + $5 > 0 { bad = 1 }
		FILENAME ~ /orders$/ { orders = $2 * 1e6 / $3; p50 = $6; p95 = $7; p99 = $8 }
		FILENAME ~ /events$/ { events = batch * $2 * 1e6 / $3 }
		END {
			if (bad || orders == 0) exit 1
			split(before, b); split(after, a)
			all = a[1] + a[2] + a[3] - b[1] - b[2] - b[3]
			stolen = 100 * (a[3] - b[3]) / all
			printf "%.1f\t%d\t%d\t%d\t%.0f\t%.1f\t%.1f\t%s\n", orders, p50, p95, p99, events,
				100 * (a[1] - b[1]) / all, stolen, (stolen > most ? "no" : "yes")
		}' "$DIR/orders" "$DIR/events") || { cat "$DIR/orders" "$DIR/events" >&2; die "requests were refused in $name"; }
	printf '%s\t%s\t%s\t%s\n' "$DEVICE" "$round" "$name" "$run" >>"$RUNS"
	[[ $run == *yes ]] || say "left out: $name, round $round: the CPU was stolen"
}

measure_peak()
{
	ORDER_RATE=0
	orders "$WARM_SECONDS" 0 "$DIR/orders" || die "no orders"
	orders "$RUN_SECONDS" 0 "$DIR/orders" || die "no orders"
	PEAK=$(awk '$1 == "door" && $4 + $5 == 0 { printf "%d", $2 * 1e6 / $3 }' "$DIR/orders")
	[[ -n $PEAK ]] || { cat "$DIR/orders" >&2; die "orders were refused"; }
	ORDER_RATE=$((PEAK * SHARE / 100))
	say "$DEVICE: $PEAK orders/s at most, $ORDER_RATE are offered; $EVENTS events/s"
}

# Every batch that was answered is there; those of the last moments may be too.
check_events()
{
	local stored least most

	stored=$(run_sql "$DEVICE" shop -c 'SELECT count(*) FROM mjc.event') || exit 1
	least=$((SENT * BATCH_ROWS))
	most=$((least + 2 * ROUNDS * SENDERS * BATCH_ROWS))
	say "$stored events are stored, $least were answered"
	((stored >= least && stored <= most)) || { say "those are not the events that were sent" >&2; STATUS=1; }
}

main()
{
	local names=(alone both) round i

	start_bench
	make_shop
	start_shim new "$BUILD/shim/mjc-shim" "$DEVICE" shop
	measure_peak
	say "$DEVICE: $ROUNDS rounds of two runs of $RUN_SECONDS s"
	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		for ((i = 0; i < ${#names[@]}; i++)); do
			run_case "$round" "${names[(i + round) % ${#names[@]}]}"
		done
	done
	stop_shims
	check_events
	check_invariants "$DEVICE" shop
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/ingest.sh
	exit 0
fi
main
