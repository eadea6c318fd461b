#!/usr/bin/env bash
#
# search.sh - finding parts among many: how long it takes, and how that grows (make bench-search).
#
# usage: test/bench/search.sh [--help]
#
# Two shops of one generator: BENCH_SMALL parts and BENCH_PARTS, with ten fitments each. Cases, each
# for another part every time, with 1 client and with 8, by pgbench and as customers have it: over
# HTTP, by wrk, with the cache of public answers off and limits that are wide:
#   exact      a maker's number in another writing       old       the number of a part that was replaced
#   prefix     the first six characters of a number      number    a number with a wrong digit
#   french arabic english   part and brand in words      typo      the same with a letter missing
#   model      a boiler's name and a part                fits      the parts that fit a boiler
#   facets     a category, with counts of what it has    category  its page; sorted: by price, in stock
#
# environment:
#   BENCH_CASES    which; default all
#   BENCH_WAYS     pgbench, http; default both
#   BENCH_PARTS    default 500000
#   BENCH_SMALL    default 10000
#   BENCH_SECONDS  of each run; default 3
#   BENCH_ROUNDS   default 3
#   BENCH_MINUTES  no further round is begun after this time; default 17
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server; default /var/tmp
#
# The shops are made once and kept in the build folder, until the generator or the schema changes.
# Times are of the whole call as the client sees it; 8 clients share the machine's cores with the
# server and the shim. Printed are medians over the rounds of each run's percentiles. Missed goals are
# reported and are no failure; a plan that reads a big table from end to end is one, and an answer
# over HTTP that is not 200 or, for the first question, not that of the SQL function.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh
. test/bench/lib/shim.sh

# Half of what the large shop takes, as on a machine that is the database's own.
SHARED_BUFFERS=4GB

readonly HERE=test/bench/search
readonly CASES=${BENCH_CASES:-exact old prefix number french arabic english typo model fits facets category sorted}
readonly WAYS=${BENCH_WAYS:-pgbench http}
readonly PARTS=${BENCH_PARTS:-500000}
readonly SMALL=${BENCH_SMALL:-10000}
readonly RUN_SECONDS=${BENCH_SECONDS:-3}
readonly ROUNDS=${BENCH_ROUNDS:-3}
readonly MINUTES=${BENCH_MINUTES:-17}
readonly WRITERS=16 # as the shim has by itself
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

# What a case asks for, in a row q of bench.query.
question_of()
{
	case $1 in
		exact | old | prefix | french | arabic | english) echo "q.$1" ;;
		number) echo q.wrong_number ;;
		typo) echo q.wrong_word ;;
		model) echo q.model_word ;;
		fits) echo q.model ;;
		facets | category | sorted) echo q.category ;;
		*) die "no case $1" ;;
	esac
}

# The call of a case.
call_of()
{
	local list='mjc_api.product_list(NULL, NULL, NULL, NULL, 20, NULL, %s, NULL, NULL, NULL, NULL, NULL, NULL, %s, NULL, %s)' question

	question=$(question_of "$1") || exit 1
	# shellcheck disable=SC2059 # the formats are ours
	case $1 in
		fits) printf 'mjc_api.boiler_finder(NULL, NULL, NULL, %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 20)' "$question" ;;
		facets) printf 'mjc_api.search(NULL, NULL, 20, ARRAY[%s], NULL, NULL, NULL, NULL, NULL, NULL, NULL)' "$question" ;;
		category) printf "$list" "$question" NULL 'NULL, NULL' ;;
		sorted) printf "$list" "$question" true "'price', 'asc'" ;;
		*) printf 'mjc_api.search(%s, NULL, 20, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)' "$question" ;;
	esac
}

# The same over HTTP, up to the question.
path_of()
{
	case $1 in
		fits) echo '/api/v1/boilers/finder?limit=20&model=' ;;
		facets) echo '/api/v1/search?limit=20&category=' ;;
		category) echo '/api/v1/products?limit=20&category=' ;;
		sorted) echo '/api/v1/products?limit=20&inStock=true&sortBy=price&sortOrder=asc&category=' ;;
		*) echo '/api/v1/search?limit=20&q=' ;;
	esac
}

# For pgbench a script of each case, for wrk a file of addresses of each case and shop.
write_cases()
{
	local name parts call question

	for name in $CASES; do
		call=$(call_of "$name") && question=$(question_of "$name") || exit 1
		printf '\\set n random(1, 2000)\nSELECT %s FROM bench.query q WHERE q.n = :n;\n' "$call" >"$DIR/$name.pgb" || exit 1
		for parts in "$SMALL" "$PARTS"; do
			run_sql "$parts" shop -c "SELECT $question FROM bench.query q ORDER BY q.n" |
				START=$(path_of "$name") perl -lpe 's/([^A-Za-z0-9_.~-])/sprintf "%%%02X", ord $1/ge; $_ = $ENV{START} . $_' >"$DIR/$parts.$name.paths"
			[[ -s $DIR/$parts.$name.paths ]] || die "nothing to ask in $name"
		done
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

# Both ways ask the same: what HTTP answers to the first question holds what the function returns.
check_answers()
{
	local name parts answer

	for name in $CASES; do
		for parts in "$SMALL" "$PARTS"; do
			answer=$(run_sql "$parts" shop -c "SELECT $(call_of "$name") FROM bench.query q WHERE q.n = 1") || die "$name failed"
			curl -fsS "http://127.0.0.1:${PORT[$parts]}$(head -n 1 "$DIR/$parts.$name.paths")" >"$DIR/answer" || die "$name failed over HTTP"
			[[ $(<"$DIR/answer") == *"$answer"* ]] || die "$name has another answer over HTTP among $parts parts: $(head -c 500 "$DIR/answer")"
		done
	done
}

#------------------------------------------------------------------ runs

# Each run adds a line `parts round case way clients p50 p95 p99`, in microseconds, to $DIR/times.

run_pgbench()
{
	local parts=$1 round=$2 name=$3 clients=$4

	rm -f "$DIR"/latency.*
	measure "$parts" shop "$round" "$parts:$name:$clients" "$clients" "$RUN_SECONDS" -U web -l --log-prefix="$DIR/latency" -f "$DIR/$name.pgb" || return 0
	cat "$DIR"/latency.* | awk '{ print $3 }' | sort -n | awk -v OFS='\t' -v parts="$parts" -v round="$round" -v name="$name" -v clients="$clients" '
		{ us[NR] = $1 }
		END { print parts, round, name, "pgbench", clients, us[int((NR + 1) / 2)], us[int(NR * 0.95 + 0.99)], us[int(NR * 0.99 + 0.99)] }' >>"$DIR/times"
}

# send SHIM SECONDS CASE: what measure_http() has sent
send()
{
	wrk -t 1 -c "$CLIENTS" -d "$2s" -s "$HERE/load.lua" "http://127.0.0.1:${PORT[$1]}" -- "$DIR/$1.$3.paths" "$CLIENTS" $RANDOM
}

run_http()
{
	local parts=$1 round=$2 name=$3 CLIENTS=$4

	measure_http "$parts" "$round" "$parts:$name:$CLIENTS:http" "$parts" "$name" || return 0
	awk -v OFS='\t' -v parts="$parts" -v round="$round" -v name="$name" -v clients="$CLIENTS" '
		$1 == "door" { print parts, round, name, "http", clients, $6, $7, $8 }' "$DIR/wrk.out" >>"$DIR/times"
}

run_case()
{
	case $1 in
		pgbench) run_pgbench "${@:2}" ;;
		http) run_http "${@:2}" ;;
		*) die "no way $1" ;;
	esac
}

run_rounds()
{
	local round name clients parts way

	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		for name in $CASES; do
			for clients in 1 8; do
				for parts in "$SMALL" "$PARTS"; do
					for way in $WAYS; do
						run_case "$way" "$parts" "$round" "$name" "$clients"
					done
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
	start_shim "$SMALL" "$BUILD/shim/mjc-shim" "$SMALL" shop
	start_shim "$PARTS" "$BUILD/shim/mjc-shim" "$PARTS" shop
	check_answers
	say "$(wc -w <<<"$CASES") cases, $ROUNDS rounds of $RUN_SECONDS s, 1 and 8 clients, by $WAYS"
	run_rounds
	stop_shims
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/search.sh
	exit 0
fi
main
