#!/usr/bin/env bash
#
# search.sh - finding parts among many: how long it takes, and how that grows (make bench-search).
#
# usage: test/bench/search.sh [--help]
#
# Two shops of one generator: BENCH_SMALL parts and BENCH_PARTS, with ten fitments each. Cases, each
# for another part every time, by pgbench with 1 client and with 8:
#   exact      a maker's number in another writing       old       the number of a part that was replaced
#   prefix     the first six characters of a number      number    a number with a wrong digit
#   french arabic english   part and brand in words      typo      the same with a letter missing
#   model      a boiler's name and a part                fits      the parts that fit a boiler
#   facets     a category, with counts of what it has    category  its page; sorted: by price, in stock
#
# environment:
#   BENCH_CASES    which; default all
#   BENCH_PARTS    default 500000
#   BENCH_SMALL    default 10000
#   BENCH_SECONDS  of each run; default 4
#   BENCH_ROUNDS   default 3
#   BENCH_MINUTES  no further round is begun after this time; default 18
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server; default /var/tmp
#
# The shops are made once and kept in the build folder, until the generator or the schema changes.
# Times are of the whole call as the client sees it; 8 clients share the machine's cores with the
# server. Printed are medians over the rounds of each run's 95th percentile. Missed goals are
# reported and are no failure; a plan that reads a big table from end to end is one.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh

# Half of what the large shop takes, as on a machine that is the database's own.
SHARED_BUFFERS=4GB

readonly HERE=test/bench/search
readonly CASES=${BENCH_CASES:-exact old prefix number french arabic english typo model fits facets category sorted}
readonly PARTS=${BENCH_PARTS:-500000}
readonly SMALL=${BENCH_SMALL:-10000}
readonly RUN_SECONDS=${BENCH_SECONDS:-4}
readonly ROUNDS=${BENCH_ROUNDS:-3}
readonly MINUTES=${BENCH_MINUTES:-18}
readonly CACHE=$PWD/$BUILD/bench-search
MORE=(times sizes)

#------------------------------------------------------------------ shops

make_shop()
{
	local parts=$1

	say "making a shop of $parts parts"
	start_server "$parts"
	run_sql "$parts" postgres -c 'CREATE DATABASE shop'
	run_sql "$parts" shop -v parts="$parts" -f "$HERE"/setup.sql >/dev/null || die "the shop cannot be made"
}

# The server of so many parts, from the kept data when they are of this code.
start_shop()
{
	local parts=$1 key kept

	key=$(cat "$HERE"/setup.sql sql/*.sql sql/schema/*.sql sql/repeat/*.sql extension/*.[ch] | sha256sum | cut -c 1-12)
	kept=$CACHE/$parts-$key
	mkdir -p "$CACHE"
	if [[ -e $kept ]]; then
		say "$parts parts, kept from an earlier run"
		DATA_FROM=$kept start_server "$parts"
	else
		find "$CACHE" -maxdepth 1 -name "$parts-*" -exec rm -rf {} +
		make_shop "$parts"
		stop_server "$parts"
		cp -a --reflink=auto "$DIR/$parts/data" "$kept.new" && mv "$kept.new" "$kept" || die "the shop cannot be kept"
		rm -rf "${DIR:?}/$parts"
		DATA_FROM=$kept start_server "$parts"
	fi
	run_sql "$parts" shop -c 'CREATE EXTENSION IF NOT EXISTS pg_prewarm' -c "SELECT sum(pg_prewarm(c.oid)) FROM pg_class c WHERE c.relnamespace IN ('mjc'::regnamespace, 'bench'::regnamespace) AND c.relkind IN ('r', 'i')" >/dev/null
	run_sql "$parts" shop -F $'\t' -c "SELECT '$parts', what, seconds FROM bench.took" \
		-c "SELECT '$parts', c.relname, pg_table_size(c.oid) || E'\t' || pg_indexes_size(c.oid) FROM pg_class c WHERE c.relnamespace = 'mjc'::regnamespace AND c.relkind = 'r' ORDER BY pg_total_relation_size(c.oid) DESC LIMIT 10" >>"$DIR/sizes"
}

# The call of a case; :n is the number of the question.
call_of()
{
	local search='mjc_api.search(%s, NULL, 20, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)'
	local list='mjc_api.product_list(NULL, NULL, NULL, NULL, 20, NULL, q.category, NULL, NULL, NULL, NULL, NULL, NULL, %s, NULL, %s)'

	# shellcheck disable=SC2059 # the formats are ours
	case $1 in
		exact | old | prefix | french | arabic | english) printf "$search" "q.$1" ;;
		number) printf "$search" q.wrong_number ;;
		typo) printf "$search" q.wrong_word ;;
		model) printf "$search" q.model_word ;;
		fits) printf 'mjc_api.boiler_finder(NULL, NULL, NULL, q.model, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 20)' ;;
		facets) printf 'mjc_api.search(NULL, NULL, 20, ARRAY[q.category], NULL, NULL, NULL, NULL, NULL, NULL, NULL)' ;;
		category) printf "$list" NULL 'NULL, NULL' ;;
		sorted) printf "$list" true "'price', 'asc'" ;;
		*) die "no case $1" ;;
	esac
}

write_cases()
{
	local name

	for name in $CASES; do
		printf '\\set n random(1, 2000)\nSELECT %s FROM bench.query q WHERE q.n = :n;\n' "$(call_of "$name")" >"$DIR/$name.pgb" || exit 1
	done
}

# No plan reads a big table from end to end.
check_plans()
{
	local name plan

	for name in $CASES; do
		run_sql "$PARTS" shop -c "LOAD 'auto_explain'" -c 'SET auto_explain.log_min_duration = 0' -c 'SET auto_explain.log_nested_statements = on' \
			-c 'SET client_min_messages = log' -c "SELECT $(call_of "$name") FROM bench.query q WHERE q.n = 17" >"$DIR/plan" 2>&1 || { cat "$DIR/plan" >&2; die "$name failed"; }
		plan=$(grep -E 'Seq Scan on (product|search_key|search_product|fitment|cross_reference|product_card|stock_anchor|stock_ledger|supersession[a-z_]*)( |$)' "$DIR/plan" | sort -u)
		[[ -z $plan ]] || { say "$name reads a table from end to end:" "$plan" >&2; STATUS=1; }
	done
}

#------------------------------------------------------------------ runs

# One run; a line `parts round case clients p50 p95 p99` in microseconds in $DIR/times.
run_case()
{
	local parts=$1 round=$2 name=$3 clients=$4

	rm -f "$DIR"/latency.*
	measure "$parts" shop "$round" "$parts:$name:$clients" "$clients" "$RUN_SECONDS" -U web -l --log-prefix="$DIR/latency" -f "$DIR/$name.pgb" || return 0
	cat "$DIR"/latency.* | awk '{ print $3 }' | sort -n | awk -v OFS='\t' -v parts="$parts" -v round="$round" -v name="$name" -v clients="$clients" '
		{ us[NR] = $1 }
		END { print parts, round, name, clients, us[int((NR + 1) / 2)], us[int(NR * 0.95 + 0.99)], us[int(NR * 0.99 + 0.99)] }' >>"$DIR/times"
}

run_rounds()
{
	local round name clients parts

	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		for name in $CASES; do
			for clients in 1 8; do
				for parts in "$SMALL" "$PARTS"; do
					run_case "$parts" "$round" "$name" "$clients"
				done
			done
		done
	done
}

main()
{
	start_bench
	start_shop "$SMALL"
	start_shop "$PARTS"
	write_cases
	check_plans
	say "$(wc -w <<<"$CASES") cases, $ROUNDS rounds of $RUN_SECONDS s, 1 and 8 clients"
	run_rounds
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/search.sh
	exit 0
fi
main
