#!/usr/bin/env bash
#
# orders.sh - how fast whole orders and invoices go, against what the disk allows (make bench-orders).
#
# usage: test/bench/orders.sh [--help]
#
# cases, each with 32 clients:
#   ins      a one-row INSERT and its commit: the limit
#   random   (a) a guest's order of three lines of random products, by pgbench
#   hot      (b) the same; one line is of a product that is in every order
#   http     (c) the orders of (a) over HTTP by wrk, limits counted, every request logged
#   issue    (d) mjc.invoice_issue of shipped orders: numbers without a gap
#   sequence (d) the same work with numbers of a sequence: the same functions in SQL and C, but
#            no anchor to lock, no newest document to read
#
# environment:
#   BENCH_CASES    which, as "random http"; default all (ins is measured with a and b, random with c)
#   BENCH_DEVICE   1ms (each flush takes 1 ms: what to quote) or real; default 1ms
#   BENCH_CLIENTS  default 32
#   BENCH_SECONDS  of each run; default 4
#   BENCH_WARM     seconds before that, to warm up; default 4
#   BENCH_ROUNDS   default 7
#   BENCH_MINUTES  no further round is begun after this time; default 14
#   BENCH_WRITERS  write connections of the shim; default 16, as it has by itself
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server, on the disk to measure; default /var/tmp
#
# The cases of a round run one after the other, in another order each round, and are compared
# within the round. A run in which more than a tenth of the CPU was stolen is left out.
# Missed goals are reported and are no failure. An order that is refused is one, and a broken
# invariant after all runs. Client, shim and server share the machine's cores.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# 32 backends plan every statement of an order anew in each run of pgbench.
WARM_SECONDS=${BENCH_WARM:-4}
. test/bench/lib/bench.sh
. test/bench/lib/shim.sh

readonly HERE=test/bench/orders
readonly CASES=${BENCH_CASES:-random hot http issue}
readonly CLIENTS=${BENCH_CLIENTS:-32}
readonly RUN_SECONDS=${BENCH_SECONDS:-4}
readonly ROUNDS=${BENCH_ROUNDS:-7}
readonly MINUTES=${BENCH_MINUTES:-14}
readonly DEVICE=${BENCH_DEVICE:-1ms}
readonly WRITERS=${BENCH_WRITERS:-16}
readonly SHIPPED=$(((WARM_SECONDS + RUN_SECONDS) * 5000)) # more than a run can invoice

chosen()
{
	[[ " $CASES " == *" $1 "* ]]
}

#------------------------------------------------------------------ databases

# `shop` for orders; `invoices` with parcels that left, whose documents go before each run.
make_shop()
{
	start_device "$DEVICE"
	run_sql "$DEVICE" postgres -c 'CREATE DATABASE shop'
	run_sql "$DEVICE" shop -f "$HERE"/setup.sql >/dev/null || die "the shop cannot be made"
	if chosen issue; then
		say "$DEVICE: $SHIPPED parcels leave"
		run_sql "$DEVICE" postgres -c 'CREATE DATABASE invoices TEMPLATE shop'
		PGOPTIONS='-c synchronous_commit=off' "$PG_BIN/pgbench" -n -M prepared -c 4 -t $((SHIPPED / 4)) -h "$DIR/$DEVICE" -U staff \
			-f "$HERE"/ship.pgb invoices >"$DIR/pgbench.out" 2>&1 || { cat "$DIR/pgbench.out" >&2; die "parcels do not leave"; }
		run_sql "$DEVICE" invoices -f "$HERE"/invoices.sql || die "the twin of mjc.invoice_issue cannot be made"
	fi
	run_sql "$DEVICE" postgres -c CHECKPOINT
}

#------------------------------------------------------------------ cases

name_cases()
{
	local -A have=()
	local name

	for name in $CASES; do
		case $name in
			random | hot) have[ins]=y have[$name]=y ;;
			http) have[random]=y have[http]=y ;;
			issue) have[issue]=y have[sequence]=y ;;
			*) die "no case $name" ;;
		esac
	done
	NAMES=()
	for name in ins random http hot issue sequence; do
		[[ -z ${have[$name]:-} ]] || NAMES+=("$name")
	done
}

# send SHIM SECONDS: what measure_http() has sent
send()
{
	wrk -t 1 -c "$CLIENTS" -d "$2s" --latency -s "$HERE/load.lua" "http://127.0.0.1:${PORT[$1]}" -- $RANDOM
}

by_pgbench()
{
	local database=$1 user=$2 round=$3 name=$4
	shift 4

	measure "$DEVICE" "$database" "$round" "$name" "$CLIENTS" "$RUN_SECONDS" -U "$user" "$@" || true
}

# Every run finds the same parcels without an invoice.
invoice()
{
	local turn

	run_sql "$DEVICE" invoices -c 'SELECT bench.forget_invoices()' -c CHECKPOINT >/dev/null || exit 1
	by_pgbench invoices staff "$1" "$2" -f "$HERE/$2.pgb"
	turn=$(run_sql "$DEVICE" invoices -c 'SELECT last_value FROM bench.turn')
	((turn <= SHIPPED)) || die "$2 ran out of parcels: more than $SHIPPED are needed"
}

run_case()
{
	local round=$1 name=$2

	case $name in
		ins) by_pgbench shop postgres "$round" ins -f "$HERE"/ins.pgb ;;
		random) by_pgbench shop web "$round" random -D hot=0 -f "$HERE"/order.pgb ;;
		hot) by_pgbench shop web "$round" hot -D hot=1 -f "$HERE"/order.pgb ;;
		http) measure_http "$DEVICE" "$round" http new ;;
		issue | sequence) invoice "$round" "$name" ;;
	esac
}

main()
{
	local round i

	name_cases
	start_bench
	make_shop
	chosen http && start_shim new "$BUILD/shim/mjc-shim" "$DEVICE" shop
	say "$DEVICE: ${#NAMES[@]} cases, $ROUNDS rounds of $RUN_SECONDS s, $CLIENTS clients"
	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		for ((i = 0; i < ${#NAMES[@]}; i++)); do
			run_case "$round" "${NAMES[(i + round) % ${#NAMES[@]}]}"
		done
	done
	stop_shims
	check_invariants "$DEVICE" shop
	# The last run was one or the other: only of ours there is something to prove.
	if chosen issue; then
		invoice 0 issue
		check_invariants "$DEVICE" invoices
	fi
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/orders.sh
	exit 0
fi
main
