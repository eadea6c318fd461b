#!/usr/bin/env bash
#
# import.sh - how long 100 000 products of a CSV file take, and what becomes of the time that reads
# take meanwhile (make bench-import).
#
# usage: test/bench/import.sh [--help]
#
# steps, each over HTTP:
#   before   readers at a steady rate, nothing else
#   during   the same while a file of new products is worked off by the shim's clock
#   after    readers alone, in the large catalogue
#   again    the same while the file is imported a second time, which changes nothing
# A list takes longer in a large catalogue, import or not: the first import is compared with the slower of
# before and after, the second with after.
# Reads are pages of a category that the file does not touch and its single products, BENCH_RATE a second.
#
# environment:
#   BENCH_LINES    products in the file; default 100000
#   BENCH_RATE     reads a second; default 100
#   BENCH_SECONDS  of the steps before and after; default 15
#   BENCH_DIR      folder for the temporary server, on the disk to measure; default /var/tmp
#
# Missed goals are reported and are no failure. A read that is refused is one, a line that was not
# imported, and a broken invariant. Readers, shim and server share the machine's cores.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh
. test/bench/lib/shim.sh

readonly HERE=test/bench/import
readonly LINES_MADE=${BENCH_LINES:-100000}
readonly RATE=${BENCH_RATE:-100}
readonly RUN_SECONDS=${BENCH_SECONDS:-15}
readonly WRITERS=4
readonly SECRET=0123456789abcdef0123456789abcdef
STATUS=0

make_shop()
{
	start_server real
	run_sql real postgres -c 'CREATE DATABASE shop'
	run_sql real shop -f test/bench/orders/setup.sql >/dev/null || die "the shop cannot be made"
	run_sql real shop -c "INSERT INTO mjc.category (category_id, slug, name) SELECT gen_random_uuid(), 'bench-' || lpad(n::text, 2, '0'), 'Bench ' || n FROM generate_series(0, 39) n" \
		-c ANALYZE -c CHECKPOINT || exit 1
	perl "$HERE/products.pl" "$LINES_MADE" >"$DIR/products.csv"
}

# read_for SECONDS FILE: readers until then or until FILE.stop is there; a line a read: status microseconds
read_for()
{
	perl "$HERE/readers.pl" "http://127.0.0.1:${PORT[new]}" "$RATE" "$1" "$2.stop" >"$2"
}

# import NAME: the whole file in parts, worked off by the shim; the seconds in SPENT
import()
{
	local from=$EPOCHREALTIME

	rm -f "$DIR/$1.stop"
	read_for 900 "$DIR/$1" &
	local readers=$!
	perl "$HERE/import.pl" "http://127.0.0.1:${PORT[new]}" "$DIR/products.csv" "$TOKEN" >"$DIR/import.out" ||
		{ cat "$DIR/import.out" >&2; touch "$DIR/$1.stop"; die "the file cannot be imported"; }
	SPENT=$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
	touch "$DIR/$1.stop"
	wait "$readers"
	cat "$DIR/import.out"
	printf 'import\t%s\t%s\n' "$1" "$SPENT" >>"$RUNS"
}

# An account that may.
admin()
{
	run_sql real shop -c "SELECT mjc.staff_create(NULL, 'Bench', 'bench@example.test', 'ADMIN', '\$2b\$12\$' || repeat('a', 53))"
}

check()
{
	local found

	found=$(run_sql real shop -c "SELECT count(*) FROM mjc.product WHERE sku LIKE 'IMPORT-%'")
	[[ $found == "$LINES_MADE" ]] || { say "$found products are there of $LINES_MADE" >&2; STATUS=1; }
	found=$(run_sql real shop -c 'SELECT * FROM mjc.check_invariants() LIMIT 20') || exit 1
	[[ -z $found ]] || { say "the invariants do not hold:" "$found" >&2; STATUS=1; }
	! grep -hv '^200 ' "$DIR/before" "$DIR/during" "$DIR/after" "$DIR/again" | sort | uniq -c | head >&2 | grep . || STATUS=1
}

# shellcheck disable=SC2317 # by stop_bench
report()
{
	perl "$HERE/report.pl" "$DIR" "$LINES_MADE"
}

main()
{
	start_bench
	make_shop
	start_shim_with_clock
	TOKEN=$(MJC_JWT_SECRET="$SECRET" "$BUILD/shim/mjc-shim" --mint-token ADMIN "$(admin)" 0) || die "no token"
	read_for 3 "$DIR/warm"
	read_for "$RUN_SECONDS" "$DIR/before"
	import during
	read_for "$RUN_SECONDS" "$DIR/after"
	import again
	stop_shims
	check
	exit "$STATUS"
}

# As start_shim, with the clock that works imports off.
start_shim_with_clock()
{
	local deadline=$((SECONDS + 20)) port

	port=$(free_port)
	env MJC_LISTEN="127.0.0.1:$port" MJC_METRICS_LISTEN=off MJC_DSN="host=$DIR/real user=web dbname=shop" \
		MJC_JWT_SECRET="$SECRET" MJC_RATE_SCALE=1000000 MJC_WRITE_CONNECTIONS="$WRITERS" \
		MJC_HOUSEKEEP_INTERVAL_S=1 setpriv --pdeathsig KILL "$BUILD/shim/mjc-shim" >"$DIR/shim-new.log" 2>"$DIR/shim-new.err" </dev/null &
	SHIM_PID[new]=$!
	PORT[new]=$port
	until curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null; do
		((SECONDS < deadline)) && kill -0 "${SHIM_PID[new]}" 2>/dev/null || die "the shim does not start: $(tail -n 1 "$DIR/shim-new.err")"
		sleep 0.05
	done
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/import.sh
	exit 0
fi
main
