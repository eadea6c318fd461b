# shellcheck shell=bash
# shim.sh - what benches that go through HTTP share beside bench.sh: shims on the private server
# and runs of wrk that are watched; sourced after bench.sh. Uses CLIENTS, RUN_SECONDS, WRITERS.

declare -A PORT=() SHIM_PID=()

free_port()
{
	local port

	for _ in {1..50}; do
		port=$((20000 + RANDOM % 10000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
	done
}

# start_shim NAME BINARY SERVER DATABASE [VAR=VALUE...]: limits are counted but wide, every request
# is logged, every question is put to the database unless MJC_CACHE_MS says otherwise.
start_shim()
{
	local deadline=$((SECONDS + 20)) port

	port=$(free_port)
	env MJC_LISTEN="127.0.0.1:$port" MJC_METRICS_LISTEN=off MJC_DSN="host=$DIR/$3 user=web dbname=$4" \
		MJC_JWT_SECRET=0123456789abcdef0123456789abcdef MJC_RATE_SCALE=1000000 MJC_WRITE_CONNECTIONS="$WRITERS" \
		MJC_HOUSEKEEP_INTERVAL_S=0 MJC_CACHE_MS=0 "${@:5}" setpriv --pdeathsig KILL "$2" >"$DIR/shim-$1.log" 2>"$DIR/shim-$1.err" </dev/null &
	SHIM_PID[$1]=$!
	PORT[$1]=$port
	until curl -fs "http://127.0.0.1:$port/health/ready" >/dev/null; do
		if ((SECONDS >= deadline)) || ! kill -0 "${SHIM_PID[$1]}" 2>/dev/null; then
			die "$2 does not start: $(tail -n 1 "$DIR/shim-$1.err")"
		fi
		sleep 0.05
	done
}

stop_shims()
{
	local name

	for name in "${!SHIM_PID[@]}"; do
		kill -TERM "${SHIM_PID[$name]}"
		wait "${SHIM_PID[$name]}" || die "the $name shim ended badly: $(tail -n 1 "$DIR/shim-$name.err")"
	done
}

# measure_http SERVER ROUND CASE SHIM ARGUMENT...: one line in $RUNS, as measure() adds them; returns 1 for a
# run that does not count. The bench's own send SHIM SECONDS ARGUMENT... makes the requests and prints
# wrk's line `door`, which stays in $DIR/wrk.out.
measure_http()
{
	local server=$1 round=$2 name=$3 shim=$4 before run
	shift 4

	send "$shim" "$WARM_SECONDS" "$@" >/dev/null || die "no load in $name"
	cpu_now
	before=$CPU
	send "$shim" "$RUN_SECONDS" "$@" >"$DIR/wrk.out" || { cat "$DIR/wrk.out" >&2; die "wrk failed in $name"; }
	cpu_now
	run=$(awk -v before="$before" -v after="$CPU" -v ticks="$TICKS" -v most="$MAX_STOLEN" '
		$1 == "door" && $2 > 0 && $4 == 0 && $5 == 0 {
			split(before, b); split(after, a)
			all = a[1] + a[2] + a[3] - b[1] - b[2] - b[3]
			stolen = 100 * (a[3] - b[3]) / all
			printf "%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%s\n", $3 / 1e6, $2 * 1e6 / $3, (a[1] - b[1]) * 1e6 / ticks / $2,
				100 * (a[2] - b[2]) / all, stolen, (stolen > most ? "no" : "yes")
		}' "$DIR/wrk.out")
	[[ -n $run ]] || { cat "$DIR/wrk.out" >&2; die "requests were refused in $name"; }
	printf '%s\t%s\t%s\t%s\t%s\n' "$server" "$round" "$name" "$CLIENTS" "$run" >>"$RUNS"
	[[ $run == *yes ]] && return
	say "left out: $name, round $round: the CPU was stolen"
	return 1
}
