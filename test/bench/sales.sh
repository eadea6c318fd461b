#!/usr/bin/env bash
#
# sales.sh - what sales figures cost: an order with and without its mark, and folding (make bench-sales).
#
# usage: test/bench/sales.sh [--help]
#
# cases, one after the other in each round, in turns the first:
#   with     a guest's order of three lines of random products, by pgbench
#   without  the same, of a build that leaves the mark of the sales figures out (VARIANT=nosales)
# Then the orders of `with` are folded, and the invariants checked. Before it all the dashboard of a
# year of 10 000 orders is asked for, and of a million.
#
# environment:
#   BENCH_CLIENTS  default 8
#   BENCH_SECONDS  of each run; default 4
#   BENCH_ROUNDS   default 15
#   BENCH_MINUTES  no further round is begun after this time; default 12
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary servers, on the disk to measure; default /var/tmp
#
# CPU is that of the whole machine, an order's part; WAL that of the server. Runs in which more
# than a tenth of the CPU was stolen are left out. Missed goals are reported and are no failure.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
WARM_SECONDS=${BENCH_WARM:-2}
. test/bench/lib/bench.sh

readonly HERE=test/bench/sales
readonly CLIENTS=${BENCH_CLIENTS:-8}
readonly RUN_SECONDS=${BENCH_SECONDS:-4}
readonly ROUNDS=${BENCH_ROUNDS:-15}
readonly MINUTES=${BENCH_MINUTES:-12}
MORE=(wal year)

# start_shop NAME: a server of the staged build, with the shop of the orders bench.
start_shop()
{
	start_server "$1"
	run_sql "$1" postgres -c 'CREATE DATABASE shop'
	run_sql "$1" shop -f test/bench/orders/setup.sql >/dev/null || die "the shop cannot be made"
	run_sql "$1" postgres -c CHECKPOINT
}

stage_without()
{
	STAGE=$DIR/stage-without
	make -s --no-print-directory VARIANT=nosales PG_CONFIG="$PG_CONFIG" install-extension DESTDIR="$STAGE" >"$DIR/install.log" 2>&1 ||
		die "the other build cannot be made: $(tail -n 1 "$DIR/install.log")"
}

wal_at()
{
	run_sql "$1" postgres -c "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
}

# One run, and the bytes of WAL an order in $DIR/wal: round, case, bytes.
order()
{
	local round=$1 name=$2 before after orders

	before=$(wal_at "$name")
	measure "$name" shop "$round" "$name" "$CLIENTS" "$RUN_SECONDS" -U web -D hot=0 -f test/bench/orders/order.pgb || return 0
	after=$(wal_at "$name")
	orders=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$DIR/pgbench.out")
	printf '%s\t%s\t%s\n' "$round" "$name" $(((after - before) / orders)) >>"$DIR/wal"
}

# Folding what the runs left: microseconds and bytes of WAL an order.
fold()
{
	local before after started ended orders

	orders=$(run_sql with shop -c 'SELECT count(*) FROM mjc.sale_pending')
	before=$(wal_at with)
	started=$(date +%s%N)
	while (($(run_sql with shop -c 'SELECT mjc.sale_fold()') > 0)); do :; done
	ended=$(date +%s%N)
	after=$(wal_at with)
	say "folding $orders orders: $(((ended - started) / 1000 / orders)) us and $(((after - before) / orders)) bytes of WAL each"
}

# The dashboard of a year of so many orders: milliseconds, median, smallest and largest of 25.
year()
{
	local orders=$1 customers=$2 times

	run_sql with postgres -c "CREATE DATABASE year_$orders TEMPLATE shop"
	times=$(run_sql with "year_$orders" -v orders="$orders" -v customers="$customers" -f "$HERE"/year.sql | tail -n 1) || die "the year of $orders orders cannot be made"
	printf '%s\t%s\n' "$orders" "${times//|/$'\t'}" >>"$DIR/year"
	run_sql with postgres -c "DROP DATABASE year_$orders"
}

main()
{
	local round

	start_bench
	: >"$DIR/wal"
	: >"$DIR/year"
	start_shop with
	year 10000 4000
	year 1000000 400000
	stage_without
	start_shop without
	say "$ROUNDS rounds of $RUN_SECONDS s, $CLIENTS clients"
	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		((round % 2)) && order "$round" with
		order "$round" without
		((round % 2)) || order "$round" with
	done
	fold
	check_invariants with shop
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/sales.sh
	exit 0
fi
main
