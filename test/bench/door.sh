#!/usr/bin/env bash
#
# door.sh - what the way through HTTP costs: requests to the shim, with everything that it does
# for each of them on (limits, headers, log), against pgbench that calls the same SQL
# functions (make bench-door).
#
# usage: test/bench/door.sh [--help]
#
# cases, each with 32 clients: a product's page, the list of a category and a guest's order, by pgbench (prepared, unix
# socket), over HTTP by wrk, over HTTP to a client that takes gzip, and the page over HTTP with the
# cache of public answers as it is set by default (the others ask the database each time)
#
# environment:
#   OLD_SHIM       another mjc-shim, measured in the same rounds on the same database
#   BENCH_CASES    which, as "detail order"; default all: detail list order
#   BENCH_CLIENTS  default 32
#   BENCH_SECONDS  of each run; default 5
#   BENCH_WARM     seconds before that, to warm up; default 5
#   BENCH_ROUNDS   default 7
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server, on the disk to measure; default /var/tmp
#   BENCH_DEVICE   real, or 1ms (each flush takes 1 ms); default real
#
# The cases of a round run one after the other, in another order each round, and are compared
# within the round. A run in which more than a tenth of the CPU was stolen is left out. Autovacuum is off.
# Missed goals are reported and are no failure. A request that is refused is one, and a broken
# invariant after all runs. Client, shim and server share the machine's cores.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# 32 backends plan every statement of an order anew in each run of pgbench; the shim's have long done so.
WARM_SECONDS=${BENCH_WARM:-5}
. test/bench/lib/bench.sh
. test/bench/lib/shim.sh

readonly HERE=test/bench/door
readonly KINDS=${BENCH_CASES:-detail list order}
readonly CLIENTS=${BENCH_CLIENTS:-32}
readonly RUN_SECONDS=${BENCH_SECONDS:-5}
readonly ROUNDS=${BENCH_ROUNDS:-7}
readonly DEVICE=${BENCH_DEVICE:-real}
readonly WRITERS=32

make_shop()
{
	start_device "$DEVICE"
	# A worker that vacuums is one of four processes beside the few backends of a shim, one of thirty-three beside
	# pgbench's: it would take its time from whichever case it falls on, and more from the first.
	run_sql "$DEVICE" postgres -c 'ALTER SYSTEM SET autovacuum = off' -c 'SELECT pg_reload_conf()' >/dev/null
	run_sql "$DEVICE" postgres -c 'CREATE DATABASE shop'
	run_sql "$DEVICE" shop -f "$HERE"/setup.sql >/dev/null || die "the shop cannot be made"
	PARTS=$(run_sql "$DEVICE" shop -c "SELECT count(*) FROM mjc.product WHERE sku LIKE 'COMMANDE-%'") || exit 1
	run_sql "$DEVICE" postgres -c CHECKPOINT
}

# send SHIM SECONDS detail|list|order gzip|plain: what measure_http() has sent
send()
{
	wrk -t 1 -c "$CLIENTS" -d "$2s" --latency -s "$HERE/load.lua" "http://127.0.0.1:${PORT[$1]}" -- "$3" "$PARTS" "$4" $RANDOM
}

run_case()
{
	local round=$1 name=$2 what=${2%_*}

	case ${name#*_} in
		pgbench)
			measure "$DEVICE" shop "$round" "$name" "$CLIENTS" "$RUN_SECONDS" -D parts="$PARTS" -U web -f "$HERE/$what.pgb" || true
			;;
		http) measure_http "$DEVICE" "$round" "$name" new "$what" plain ;;
		gzip) measure_http "$DEVICE" "$round" "$name" new "$what" gzip ;;
		cached) measure_http "$DEVICE" "$round" "$name" cached "$what" plain ;;
		old) measure_http "$DEVICE" "$round" "$name" old "$what" plain ;;
	esac
}

main()
{
	local names=() kind round i

	start_bench
	make_shop
	start_shim new "$BUILD/shim/mjc-shim" "$DEVICE" shop
	start_shim cached "$BUILD/shim/mjc-shim" "$DEVICE" shop MJC_CACHE_MS=1000
	[[ -z ${OLD_SHIM:-} ]] || start_shim old "$OLD_SHIM" "$DEVICE" shop
	for kind in $KINDS; do
		names+=("${kind}_pgbench" "${kind}_http" "${kind}_gzip")
		[[ $kind == order ]] || names+=("${kind}_cached")
		[[ -z ${OLD_SHIM:-} ]] || names+=("${kind}_old")
	done
	say "$DEVICE: ${#names[@]} cases, $ROUNDS rounds of $RUN_SECONDS s, $CLIENTS clients"
	for ((round = 1; round <= ROUNDS; round++)); do
		for ((i = 0; i < ${#names[@]}; i++)); do
			run_case "$round" "${names[(i + round) % ${#names[@]}]}"
		done
	done
	stop_shims
	check_invariants "$DEVICE" shop
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/door.sh
	exit 0
fi
main
