#!/usr/bin/env bash
#
# analytics.sh - the analytic aggregates against plain SQL and DuckDB (make bench-analytics).
#
# usage: test/bench/analytics.sh [--help]
#
# 5 million events of 200 000 persons over 98 days. Cases, each by several ways that must agree:
#   funnel      four steps within 7 days: by window functions, by joins, mjc.funnel_counts over all,
#               mjc.funnel by person, DuckDB by windows and by joins
#   retention   cohorts by week and 12 weeks that follow: SQL, mjc.retention, DuckDB
#   visitors    different persons: SQL, mjc.distinct_count, DuckDB
#   revenue     by day; products: the 20 most viewed: SQL, DuckDB (nothing of ours)
# Of plain SQL and of DuckDB the faster way counts, of ours the faster of serial and parallel.
#
# environment:
#   BENCH_CASES    which, as "funnel retention"; default all
#   BENCH_EVENTS   how many; default 5000000
#   BENCH_ROUNDS   default 7
#   BENCH_MINUTES  no further round is begun so that all ends within this time; default 18
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server; default /var/tmp
#
# The events are made once and kept in the build folder. All is in memory before it is timed.
# DuckDB comes from npm (test/bench/analytics/package-lock.json) and is left out when the
# registry does not answer. The ways of a round run one after the other, in another order each round, and are
# compared within the round. A run in which more than a tenth of the CPU was stolen is told and left
# out. Missed goals are reported and are no failure; answers that differ are one.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh

readonly HERE=test/bench/analytics
readonly CASES=${BENCH_CASES:-funnel retention visitors revenue products}
readonly EVENTS=${BENCH_EVENTS:-5000000}
readonly ROUNDS=${BENCH_ROUNDS:-7}
readonly MINUTES=${BENCH_MINUTES:-18}
readonly CACHE=$PWD/$BUILD/bench-analytics
DUCK=

# way, where, query, workers; "sql" may be parallel as the planner likes
readonly WAYS='
funnel_sql_window       main funnel.window     2
funnel_sql_join         main funnel.join       2
funnel_ours_serial      main funnel.ours       0
funnel_ours_parallel    main funnel.ours       2
funnel_person_serial    main funnel.person     0
funnel_person_parallel  main funnel.person     2
funnel_duckdb_window    duck funnel.duckwindow -
funnel_duckdb_join      duck funnel.duckjoin   -
retention_sql           main retention.sql     2
retention_ours_serial   main retention.ours    0
retention_ours_parallel main retention.ours    2
retention_duckdb        duck retention.duckdb  -
visitors_sql            main visitors.sql      2
visitors_ours_serial    main visitors.ours     0
visitors_ours_parallel  main visitors.ours     2
visitors_duckdb         duck visitors.duckdb   -
revenue_sql             main revenue.sql       2
revenue_duckdb          duck revenue.duckdb    -
products_sql            main products.sql      2
products_duckdb         duck products.duckdb   -'

#------------------------------------------------------------------ data

install_duckdb()
{
	local modules=$CACHE/npm

	mkdir -p "$modules" && cp "$HERE"/package.json "$HERE"/package-lock.json "$modules" || return 1
	cmp -s "$modules"/{package-lock.json,node_modules/.lock} && return
	(cd "$modules" && npm ci --silent --ignore-scripts --no-audit --no-fund) || return 1
	cp "$modules"/{package-lock.json,node_modules/.lock}
}

# duck COMMAND...: asks DuckDB; its answer in $REPLY
duck()
{
	echo "$*" >&"${DUCKDB[1]}" && read -r REPLY <&"${DUCKDB[0]}" || die "DuckDB has ended at: $*"
}

start_duckdb()
{
	local database=$1 csv=$2 new=

	if ! install_duckdb; then
		say "without DuckDB: npm cannot install it"
		return
	fi
	[[ -e $database ]] || new=$database.new
	rm -f "$database".new*
	coproc DUCKDB { exec setpriv --pdeathsig TERM node "$HERE"/duck.mjs "$CACHE"/npm "${new:-$database}"; }
	DUCK=yes
	[[ -n $new ]] || return
	say "DuckDB reads the events"
	duck load "$csv"
	[[ $REPLY == ok ]] || die "DuckDB cannot read the events"
	# A file keeps its name while it is open.
	eval "exec ${DUCKDB[1]}>&-"
	wait "$DUCKDB_PID"
	mv "$new" "$database"
	coproc DUCKDB { exec setpriv --pdeathsig TERM node "$HERE"/duck.mjs "$CACHE"/npm "$database"; }
}

make_events()
{
	local key file

	key=$(cat "$HERE"/setup.sql "$HERE"/events.sql "$HERE"/duck.mjs | sha256sum | cut -c 1-12)
	file=$CACHE/events-$EVENTS-$key
	mkdir -p "$CACHE"
	start_server main
	run_sql main postgres -c 'CREATE DATABASE shop'
	run_sql main shop -f "$HERE"/setup.sql >/dev/null || die "the table cannot be made"
	if [[ -e $file.csv ]]; then
		say "$EVENTS events, kept from an earlier run"
		run_sql main shop -c "\copy bench.event FROM '$file.csv' CSV" || die "the events cannot be read"
	else
		say "making $EVENTS events"
		find "$CACHE" -maxdepth 1 -name "events-$EVENTS-*" -delete
		run_sql main shop -v events="$EVENTS" -f "$HERE"/events.sql || die "the events cannot be made"
		run_sql main shop -c "\copy (TABLE bench.event) TO '$file.new' CSV" && mv "$file".{new,csv} || die "the events cannot be kept"
	fi
	run_sql main shop -c 'VACUUM (ANALYZE) bench.event' -c CHECKPOINT
	start_duckdb "$file.duckdb" "$file.csv"
}

#------------------------------------------------------------------ runs

# ask WHERE QUERY WORKERS OUT: milliseconds in $MS, the rows in OUT
ask()
{
	local where=$1 query=$HERE/query/$2.sql workers=$3 out=$4

	if [[ $where == duck ]]; then
		duck run "$query" "$out"
		MS=$REPLY
		return
	fi
	run_sql main shop -c "SET work_mem = '256MB'" -c "SET timezone = 'Africa/Algiers'" -c "SET max_parallel_workers_per_gather = $workers" \
		-c "SELECT count(mjc.version())" -o "$out" -c '\timing on' -f "$query" >"$DIR/time" 2>&1 ||
		{ cat "$DIR/time" >&2; die "$2 failed"; }
	MS=$(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$DIR/time" | tail -n 1)
	[[ -n $MS ]] || { cat "$DIR/time" >&2; die "$2 was not timed"; }
}

# Untimed: all ways of a case have the answer of its first one, and the data are in memory.
check_answers()
{
	local name where query workers case first=

	while read -r name where query workers; do
		case=${name%%_*}
		ask "$where" "$query" "$workers" "$DIR/$name.rows"
		sed -i '/^1$/{1d}' "$DIR/$name.rows"
		[[ $case == "${first%%_*}" ]] || first=$name
		[[ -s $DIR/$name.rows ]] && cmp -s "$DIR/$first.rows" "$DIR/$name.rows" && continue
		say "the answers of $first and $name differ:" >&2
		diff "$DIR/$first.rows" "$DIR/$name.rows" | head -n 20 >&2
		STATUS=1
	done < <(printf '%s\n' "${LIST[@]}")
	((STATUS == 0)) || exit 1
	for case in $CASES; do
		say "$case: $(wc -l <"$(ls "$DIR/$case"_*.rows | head -n 1)") rows, $(head -n 1 "$(ls "$DIR/$case"_*.rows | head -n 1)")..."
	done
}

# One run, into $RUNS as measure() writes it; 1 for a run that does not count.
run_case()
{
	local round=$1 name=$2 before

	cpu_now
	before=$CPU
	ask "$3" "$4" "$5" "$DIR/rows"
	cpu_now
	awk -v before="$before" -v after="$CPU" -v most="$MAX_STOLEN" -v OFS='\t' -v round="$round" -v name="$name" -v ms="$MS" '
		BEGIN {
			split(before, b); split(after, a)
			all = a[1] + a[2] + a[3] - b[1] - b[2] - b[3]
			stolen = all ? 100 * (a[3] - b[3]) / all : 0
			print "main", round, name, 1, 0, 1000 / ms, 1000 * ms, 0, stolen, (stolen > most ? "no" : "yes")
		}' >>"$RUNS"
	! tail -n 1 "$RUNS" | grep -q 'no$' || { say "left out: $name, round $round: the CPU was stolen"; return 1; }
}

run_rounds()
{
	local round i n=${#LIST[@]}

	say "$n ways, $ROUNDS rounds"
	for ((round = 1; round <= ROUNDS; round++)); do
		((SECONDS < MINUTES * 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		for ((i = 0; i < n; i++)); do
			# shellcheck disable=SC2086 # four words
			run_case "$round" ${LIST[(i + 3 * round) % n]} || true
		done
	done
}

main()
{
	start_bench
	make_events
	mapfile -t LIST < <(while read -r name where rest; do
		[[ " $CASES " != *" ${name%%_*} "* || ($where == duck && -z $DUCK) ]] || echo "$name $where $rest"
	done <<<"$WAYS")
	check_answers
	run_rounds
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/analytics.sh
	exit 0
fi
main
