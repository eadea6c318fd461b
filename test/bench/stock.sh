#!/usr/bin/env bash
#
# stock.sh - how fast a hot product sells, against what the disk allows (make bench-stock).
#
# usage: test/bench/stock.sh [--help]
#
# cases, each with pgbench by unix socket:
#   ins    (a)  a one-row INSERT and its commit: the limit
#   b      (b)  a plain UPDATE of one row, as most shops do it
#   c0     (c0) the ledger movement alone, without the row of its reservation
#   c      (c)  mjc.stock_reserve on one hot product
#   d      (d)  the same on 10 000 random products
#   e      (e)  a guest's order of a hot product; early lock release on and off
#   f      (f)  case c beside a snapshot that is 60 s open; 32 clients, 1 ms
#   g      (g)  time of one reservation after 1 000, 100 000 and 5 000 000 past ones
#
# environment:
#   BENCH_DEVICE   1ms (each flush takes 1 ms: what to quote) or real; default both
#   BENCH_CASES    which cases, as "c0 c"; default all (ins is measured with each of a to e)
#   BENCH_CLIENTS  numbers of clients of a to e; default "1 8 32 64"
#   BENCH_SECONDS  of each run, after one more to warm up; default 2
#   BENCH_ROUNDS   rounds; default 5
#   BENCH_MINUTES  no further round is begun so that all ends within this time; default 20
#   BENCH_PAST     past reservations of g; default "1000 100000 5000000"
#   BENCH_KEEP     file that every run is copied to, one a line
#   BENCH_DIR      folder for the temporary servers, on the disk to measure, with 20 GB free;
#                  default /var/tmp
#
# The cases of a round run one after the other, in another order each round, and are compared
# within the round: the weather on a machine changes by the minute. A run in which more than a
# tenth of the CPU was stolen is told and left out; up to three more rounds make up for it.
# Missed goals are reported and are no failure. A transaction that fails is one, and a broken
# invariant after all runs.
# Settings: lib/bench.sh; fsync and autovacuum are on as ever, so a vacuum may meet a run.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
. test/bench/lib/bench.sh

readonly HERE=test/bench/stock
readonly DEVICES=${BENCH_DEVICE:-1ms real}
readonly CASES=${BENCH_CASES:-ins b c0 c d e f g}
readonly CLIENTS=${BENCH_CLIENTS:-1 8 32 64}
readonly RUN_SECONDS=${BENCH_SECONDS:-2}
readonly ROUNDS=${BENCH_ROUNDS:-5}
readonly MORE_ROUNDS=3
readonly MINUTES=${BENCH_MINUTES:-20}
readonly PAST=${BENCH_PAST:-1000 100000 5000000}
readonly SNAPSHOT_SECONDS=60
readonly SNAPSHOT_BLOCKS=2
readonly GROWTH_ROUNDS=11
readonly GROWTH_CALLS=200

chosen()
{
	[[ " $CASES " == *" $1 "* ]]
}

#------------------------------------------------------------------ servers

# Databases: `shop`; `movement`, whose ledger is written without reservations; `snapshot` and
# `growth` for f and g, with rows enough that the invariants of all would take minutes.
make_shop()
{
	local device=$1

	start_device "$device"
	run_sql "$device" postgres -c 'CREATE DATABASE shop'
	run_sql "$device" shop -f "$HERE"/setup.sql >/dev/null || die "the shop cannot be made"
	if chosen c0; then
		run_sql "$device" postgres -c 'CREATE DATABASE movement TEMPLATE shop'
		run_sql "$device" movement -f "$HERE"/movement.sql || die "mjc_bench_movement is not in the library"
	fi
	if [[ $device == 1ms ]]; then
		! chosen f || run_sql 1ms postgres -c 'CREATE DATABASE snapshot TEMPLATE shop'
		! chosen g || run_sql 1ms postgres -c 'CREATE DATABASE growth TEMPLATE shop'
	fi
	run_sql "$device" postgres -c CHECKPOINT
}

#------------------------------------------------------------------ cases a to e

# Their names in $NAMES; the limit is always among them.
name_cases()
{
	local name

	NAMES=(ins)
	for name in b c0 c d e; do
		case $name in
			e) ! chosen e || NAMES+=(e_on e_off) ;;
			*) ! chosen $name || NAMES+=("$name") ;;
		esac
	done
	((${#NAMES[@]} > 1)) || chosen ins || NAMES=()
}

run_case()
{
	local device=$1 round=$2 name=$3 clients=$4 database=shop script

	export PGOPTIONS=
	case $name in
		ins) script=ins ;;
		b) script=update ;;
		c0) script=movement database=movement ;;
		c) script=reserve ;;
		d) script=reserve_random ;;
		e_*) script=order PGOPTIONS="-c mjc.double_submit_window=0 -c mjc.early_lock_release=${name#e_}" ;;
	esac
	measure "$device" $database "$round" "$name" "$clients" "$RUN_SECONDS" -f "$HERE"/$script.pgb
}

# One pass over the cases with one number of clients. In extra rounds only what still lacks
# a run, and the limit to compare it with.
run_group()
{
	local device=$1 round=$2 clients=$3 n=${#NAMES[@]} i name
	local -A counts=()

	for ((i = 0; i < n; i++)); do
		name=${NAMES[(i + round) % n]}
		[[ $round -gt $ROUNDS && $name != ins ]] && ((${HAVE[$name $clients]:-0} >= ROUNDS)) && continue
		run_case "$device" "$round" "$name" "$clients" && counts[$name]=yes
	done
	[[ -n ${counts[ins]:-} ]] || return 0
	for name in "${!counts[@]}"; do
		HAVE[$name $clients]=$((${HAVE[$name $clients]:-0} + 1))
	done
}

lacks()
{
	local clients=$1 name

	for name in "${NAMES[@]}"; do
		((${HAVE[$name $clients]:-0} >= ROUNDS)) || return 0
	done
	return 1
}

# Rounds until each case has enough runs that count; none begins after $2 seconds.
run_cases()
{
	local device=$1 until=$2 round clients
	declare -gA HAVE=()

	((${#NAMES[@]} > 0)) || return 0
	say "$device: a to e, ${#NAMES[@]} cases, $ROUNDS rounds of $RUN_SECONDS s"
	for ((round = 1; round <= ROUNDS + MORE_ROUNDS; round++)); do
		for clients in $CLIENTS; do
			((round <= ROUNDS)) || lacks "$clients" || continue
			((SECONDS < until)) || { say "$device: no time for more than $((round - 1)) rounds"; return; }
			run_group "$device" "$round" "$clients"
		done
	done
}

#------------------------------------------------------------------ f: an old snapshot

# A block: case c, then case c again and again while one snapshot is open, then case c.
run_old_snapshot()
{
	local block until snapshot

	say "1ms: f, $SNAPSHOT_BLOCKS snapshots of $SNAPSHOT_SECONDS s"
	for ((block = 1; block <= SNAPSHOT_BLOCKS; block++)); do
		run_beside_snapshot $block f_plain
		run_sql 1ms snapshot -c 'BEGIN ISOLATION LEVEL REPEATABLE READ' -c 'SELECT count(*) FROM mjc.location' \
			-c "SELECT pg_sleep($SNAPSHOT_SECONDS)" -c COMMIT >/dev/null &
		snapshot=$!
		until=$((SECONDS + SNAPSHOT_SECONDS - 7))
		while ((SECONDS < until)); do
			run_beside_snapshot $block f_snapshot
		done
		wait $snapshot || die "the snapshot was lost"
		run_beside_snapshot $block f_plain
	done
}

run_beside_snapshot()
{
	PGOPTIONS='' measure 1ms snapshot "$1" "$2" 32 5 -f "$HERE"/reserve.pgb
}

#------------------------------------------------------------------ g: cost growth

# One client without waiting for the flush, which would hide what the calls cost. The median
# time of a few calls, so that the product keeps about the past that it was given.
run_growth()
{
	local past round n order

	say "1ms: g, building $PAST past reservations"
	for past in $PAST; do
		run_sql 1ms postgres -c "CREATE DATABASE past_$past TEMPLATE growth"
		run_sql 1ms "past_$past" -v past="$past" -f "$HERE"/growth.sql || die "past reservations cannot be made"
	done
	run_sql 1ms postgres -c CHECKPOINT
	say "1ms: g, $GROWTH_ROUNDS rounds of $GROWTH_CALLS calls"
	read -ra order <<<"$PAST"
	for ((round = 1; round <= GROWTH_ROUNDS; round++)); do
		for ((n = 0; n < ${#order[@]}; n++)); do
			time_calls $round "${order[(n + round) % ${#order[@]}]}"
		done
	done
	# The smallest: that the rows made here are what the rules write. The largest takes minutes.
	PGOPTIONS='-c max_parallel_workers_per_gather=0' check_invariants 1ms "past_${order[0]}"
}

time_calls()
{
	local round=$1 past=$2 stolen median

	rm -f "$DIR"/calls.*
	cpu_now
	stolen=$CPU
	PGOPTIONS='-c synchronous_commit=off' "$PG_BIN/pgbench" -n -M prepared -t $GROWTH_CALLS -l --log-prefix="$DIR/calls" \
		-h "$DIR/1ms" -U postgres -f "$HERE"/reserve.pgb "past_$past" >"$DIR/pgbench.out" 2>&1 ||
		{ cat "$DIR/pgbench.out" >&2; die "pgbench failed after $past reservations"; }
	cpu_now
	# Not the first quarter: the session prepares its plans.
	median=$(awk -v skip=$((GROWTH_CALLS / 4)) 'NR > skip { print $3 }' "$DIR"/calls.* | sort -n |
		awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }')
	awk -v before="$stolen" -v after="$CPU" -v most="$MAX_STOLEN" -v OFS='\t' -v round="$round" -v past="$past" -v us="$median" '
		BEGIN {
			split(before, b); split(after, a)
			all = a[1] + a[2] + a[3] - b[1] - b[2] - b[3]
			stolen = all ? 100 * (a[3] - b[3]) / all : 0
			print "1ms", round, "g_" past, 1, 0, 1e6 / us, us, 0, stolen, (stolen > most ? "no" : "yes")
		}' >>"$RUNS"
	! tail -n 1 "$RUNS" | grep -q 'no$' || say "left out: g, $past reservations, round $round: the CPU was stolen"
}

main()
{
	local device

	name_cases
	start_bench
	# What is quoted comes first; the real device gets the time that is left.
	for device in $DEVICES; do
		make_shop "$device"
		if [[ $device == 1ms ]]; then
			run_cases 1ms $((MINUTES * 30))
			! chosen f || run_old_snapshot
		else
			run_cases "$device" $((MINUTES * 60 - 100))
		fi
		PGOPTIONS='-c max_parallel_workers_per_gather=0' check_invariants "$device" shop
		[[ $device != 1ms ]] || ! chosen g || run_growth
		stop_server "$device"
		rm -rf "${DIR:?}/$device"
	done
	exit "$STATUS"
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/bench/stock.sh
	exit 0
fi
main
