#!/usr/bin/env bash
#
# catalogue.sh - how long lists of products take in a large catalogue, and what a document costs
# when it is built (make bench-catalogue).
#
# usage: test/bench/catalogue.sh [--help]
#
# environment:
#   BENCH_PARTS  products; default 500000
#   BENCH_CALLS  of each kind of page; default 40
#   BENCH_DIR    folder for the temporary server; default /var/tmp
#
# One client calls mjc_api.product_list, card by card as the pages do, on a private server: first pages, the
# tenth and the 500th of categories, with each filter and each sort. Printed are milliseconds
# on the CPU, and by the clock. The lines `ratio NAME VALUE goal VALUE` are for scripts: 20 ms by the
# worst p95 on the CPU of a kind, whatever it is sorted by.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh

readonly HERE=test/bench/catalogue
readonly PARTS=${BENCH_PARTS:-500000}
readonly CALLS=${BENCH_CALLS:-40}

# shellcheck disable=SC2317 # by stop_bench
report()
{
	say "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
}

main()
{
	start_bench
	start_server real
	run_sql real postgres -c 'CREATE DATABASE shop'
	run_sql real shop -f test/bench/door/setup.sql >/dev/null || die "the shop cannot be made"
	say "making $PARTS products…"
	run_sql real shop -v parts="$PARTS" -f "$HERE/fill.sql" || die "the catalogue cannot be filled"
	run_sql real shop -c 'VACUUM ANALYZE'
	run_sql real shop -v parts=10000 -f "$HERE/build.sql" || die "documents cannot be built"
	run_sql real shop -v calls="$CALLS" -f "$HERE/list.sql" >"$RUNS" || die "lists cannot be read"
	printf '\n%-38s %5s %8s %8s %8s %8s\n' 'ms' n p50 p95 max clock
	awk -F '\t' '{
		printf "%-38s %5d %8.2f %8.2f %8.2f %8.2f\n", $1, $2, $3, $4, $5, $6
		split($1, words, / (createdAt|updatedAt|name|price) /)
		if (!(words[1] in worst) || worst[words[1]] < $4) worst[words[1]] = $4
	} END {
		printf "\n"
		for (kind in worst) {
			name = kind; gsub(/[^a-z0-9]+/, "_", name)
			printf "ratio catalogue_%s %.2f goal %s\n", name, 20 / worst[kind], kind ~ /500/ ? "none" : "1.0"
		}
	}' "$RUNS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/catalogue.sh
	exit 0
fi
main
