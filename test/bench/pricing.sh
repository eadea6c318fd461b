#!/usr/bin/env bash
#
# pricing.sh - what a price costs, against the same rules in PL/pgSQL (make bench-pricing).
#
# usage: test/bench/pricing.sh [--help]
#
# A cart of 10 lines, 200 active promotions of which about 30 apply; cases, in one session by unix socket:
#   a      (a)  the rule in C alone, the cart and the promotions prepared before
#   b      (b)  the same rule in PL/pgSQL (pricing/model.sql), the promotions from a table
#   c      (c)  mjc.price_cart with documents; model: the same in PL/pgSQL
#   d      (d)  mjc.quote with 10, 200 and 2000 active promotions; the added ones can all apply to the
#               cart, or none of them can
#   e      (e)  a guest's order of the cart, without promotions and with the 200; no wait for the flush
#
# environment:
#   BENCH_CASES    which cases, as "a b"; default all
#   BENCH_ROUNDS   rounds; default 15
#   BENCH_MINUTES  no further round is begun so that all ends within this time; default 20
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary server; default /var/tmp
#
# Before anything is timed, engine and model must give one result for the cart. The cases of a
# round run one after the other, in another order each round, and are compared within the round.
# A run in which more than a tenth of the CPU was stolen is told and left out. Missed goals are
# reported and are no failure; a result that differs is one, and a broken invariant after all runs.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh

readonly HERE=test/bench/pricing
readonly CASES=${BENCH_CASES:-a b c d e}
readonly ROUNDS=${BENCH_ROUNDS:-15}
readonly MORE_ROUNDS=5
readonly MINUTES=${BENCH_MINUTES:-20}
readonly ORDERS=100

# case, database, function, runs in a round
readonly TIMED='
a             rule           time_a     5000
b             rule           time_b     300
c             rule           time_c     300
c_model       rule           time_model 100
d_10          quote_10       time_d     400
d_200_none    quote_200_none time_d     400
d_2000_none   quote_2000_none time_d    400
d_200_all     quote_200_all  time_d     200
d_2000_all    quote_2000_all time_d     50
e_0           order_0        order      -
e_200         order_200      order      -'

chosen()
{
	[[ " $CASES " == *" ${1%%_*} "* ]]
}

#------------------------------------------------------------------ databases

# copy NAME SQL...: a database with its promotions
copy()
{
	local name=$1
	shift

	run_sql main postgres -c "CREATE DATABASE $name TEMPLATE shop"
	run_sql main "$name" "${@/#/-c}" -c 'SELECT bench.promotions_changed()' -c 'VACUUM ANALYZE mjc.promotion' >/dev/null ||
		die "the promotions of $name cannot be made"
	run_sql main "$name" -f "$HERE"/same.sql || die "engine and model differ in $name"
}

make_databases()
{
	local count which

	start_server main
	run_sql main postgres -c 'CREATE DATABASE shop'
	run_sql main shop -f "$HERE"/setup.sql >/dev/null || die "the shop cannot be made"
	say "the rule:"
	copy rule "SELECT bench.promotions_add(200, 'some', 'base', 100)"
	if chosen d; then
		say "quotes:"
		copy quote_10 "SELECT bench.promotions_add(10, 'all', 'base', 100)"
		for which in none all; do
			for count in 200 2000; do
				copy quote_${count}_$which "SELECT bench.promotions_add(10, 'all', 'base', 100)" \
					"SELECT bench.promotions_add($((count - 10)), '$which', 'more', 1)"
			done
		done
	fi
	if chosen e; then
		say "orders:"
		copy order_0
		copy order_200 "SELECT bench.promotions_add(200, 'some', 'base', 100)"
	fi
	run_sql main postgres -c CHECKPOINT
}

#------------------------------------------------------------------ runs

# Microseconds of one run of a case.
time_case()
{
	local database=$1 what=$2 runs=$3

	if [[ $what != order ]]; then
		run_sql main "$database" -c "SELECT bench.$what($runs)"
		return
	fi
	rm -f "$DIR"/calls.*
	PGOPTIONS='-c synchronous_commit=off -c mjc.double_submit_window=0' "$PG_BIN/pgbench" -n -M prepared -t $ORDERS -l --log-prefix="$DIR/calls" \
		-h "$DIR/main" -U postgres -f "$HERE"/order.pgb "$database" >"$DIR/pgbench.out" 2>&1 || { cat "$DIR/pgbench.out" >&2; return 1; }
	# Not the first quarter: the session prepares its plans.
	awk -v skip=$((ORDERS / 4)) 'NR > skip { print $3 }' "$DIR"/calls.* | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

# One run, into $RUNS as measure() writes it; 1 for a run that does not count.
run_case()
{
	local round=$1 name=$2 database=$3 what=$4 runs=$5 before us

	cpu_now
	before=$CPU
	us=$(time_case "$database" "$what" "$runs") || die "case $name failed"
	cpu_now
	awk -v before="$before" -v after="$CPU" -v most="$MAX_STOLEN" -v OFS='\t' -v round="$round" -v name="$name" -v us="$us" '
		BEGIN {
			split(before, b); split(after, a)
			all = a[1] + a[2] + a[3] - b[1] - b[2] - b[3]
			stolen = all ? 100 * (a[3] - b[3]) / all : 0
			print "main", round, name, 1, 0, 1e6 / us, us, 0, stolen, (stolen > most ? "no" : "yes")
		}' >>"$RUNS"
	! tail -n 1 "$RUNS" | grep -q 'no$' || { say "left out: $name, round $round: the CPU was stolen"; return 1; }
}

run_rounds()
{
	local round n i have=0 bad
	local -a cases

	mapfile -t cases < <(while read -r name rest; do [[ -z $name ]] || ! chosen "$name" || echo "$name $rest"; done <<<"$TIMED")
	n=${#cases[@]}
	say "$n cases, $ROUNDS rounds"
	for ((round = 1; have < ROUNDS && round <= ROUNDS + MORE_ROUNDS; round++)); do
		((SECONDS < MINUTES * 60 - 60)) || { say "no time for more than $((round - 1)) rounds"; break; }
		bad=
		for ((i = 0; i < n; i++)); do
			# shellcheck disable=SC2086 # four words
			run_case $round ${cases[(i + round) % n]} || bad=yes
		done
		[[ -n $bad ]] || ((have++))
	done
}

main()
{
	start_bench
	make_databases
	run_rounds
	! chosen e || check_invariants main order_200
	stop_server main
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/pricing.sh
	exit 0
fi
main
