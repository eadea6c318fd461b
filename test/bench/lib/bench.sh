# shellcheck shell=bash
# bench.sh - what benches share: private servers and pgbench runs that are watched;
# sourced by test/bench/*.sh from the top folder.
#
# start_bench makes $DIR, removed with the script. Each server has a folder of its
# own in it and dies with the script. At every end, so that what was measured before a failure is
# seen, `report` is called when there are runs: report.pl in the bench's folder ($HERE) reads them
# and the files of $DIR that MORE names. A bench exits with $STATUS, 1 when something is wrong.
# PostgreSQL does not run as root (docker/cluster.sh).
# environment: BENCH_DIR, BENCH_KEEP, MJC_PG_CONFIG, MJC_VARIANT; SHARED_BUFFERS of the servers, if not 1 GB

readonly BUILD=.build${MJC_VARIANT:+/$MJC_VARIANT}
readonly PG_CONFIG=${MJC_PG_CONFIG:-pg_config}
readonly MAX_STOLEN=10 # percent of the CPU in a run that counts
WARM_SECONDS=${WARM_SECONDS:-1} # of a run, before what counts
TICKS=$(getconf CLK_TCK)
readonly TICKS
declare -A SERVER_PID=()
MORE=()
STATUS=0

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

. docker/cluster.sh

start_bench()
{
	PG_BIN=$("$PG_CONFIG" --bindir) || die "no $PG_CONFIG here"
	SERVER_USER=$(id -un)
	[[ $EUID -ne 0 ]] || SERVER_USER=postgres
	DIR=$(mktemp -d "${BENCH_DIR:-/var/tmp}/mjchauffage-bench.XXXXXX") || exit 1
	RUNS=$DIR/runs # one line for each pgbench run
	chmod 755 "$DIR"
	trap stop_bench EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	STAGE=$DIR/stage
	: >"$RUNS"
	mkfifo "$DIR/progress" || exit 1
	make -s --no-print-directory VARIANT="${MJC_VARIANT:-}" PG_CONFIG="$PG_CONFIG" \
		install-extension DESTDIR="$STAGE" >"$DIR/install.log" 2>&1 ||
		die "the build cannot be copied: $(tail -n 1 "$DIR/install.log")"
	# Where the server's user can read it.
	cp "$BUILD/test/bench/slowflush.so" "$DIR" || exit 1
}

stop_bench()
{
	local name

	trap '' INT TERM HUP
	[[ -z ${PGBENCH_PID:-} ]] || kill "$PGBENCH_PID" 2>/dev/null
	for name in "${!SERVER_PID[@]}"; do
		stop_server "$name"
	done
	[[ ! -s $RUNS ]] || report
	rm -rf "$DIR"
}

report()
{
	say "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
	[[ -z ${BENCH_KEEP:-} ]] || cp "$RUNS" "$BENCH_KEEP"
	# shellcheck disable=SC2153 # the bench says where it is
	perl "$HERE/report.pl" "$RUNS" "${MORE[@]/#/$DIR/}"
}

#------------------------------------------------------------------ servers

# as_server COMMAND...: with the rights of the server's user, ended with this script.
as_server()
{
	if [[ $EUID -eq 0 ]]; then
		exec setpriv --reuid="$SERVER_USER" --regid="$(id -g "$SERVER_USER")" --init-groups --pdeathsig INT -- "$@"
	fi
	exec setpriv --pdeathsig INT -- "$@"
}

# start_server NAME [VAR=VALUE...]: a new server, with more environment; with a copy of the data of
# one that was stopped when DATA_FROM names them.
start_server()
{
	local name=$1 home=$DIR/$1 deadline=$((SECONDS + 60))
	shift

	mkdir -m 700 "$home" || exit 1
	[[ $EUID -ne 0 ]] || chown "$SERVER_USER:" "$home" || exit 1
	if [[ -n ${DATA_FROM:-} ]]; then
		cp -a --reflink=auto "$DATA_FROM" "$home/data" || die "no room for a copy of the data"
	else
		(cd / && as_server "$PG_BIN/initdb" -k -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync -U postgres \
			-D "$home/data" >"$DIR/$name.log" 2>&1) || die "the cluster cannot be made: $(tail -n 1 "$DIR/$name.log")"
	fi
	cat >>"$home/data/postgresql.conf" <<-SETTINGS
		listen_addresses = ''
		unix_socket_directories = '$home'
		$(extension_path_setting)
		max_connections = 200
		shared_buffers = ${SHARED_BUFFERS:-1GB}
		max_wal_size = 8GB
		checkpoint_timeout = 30min
		jit = off
		timezone = 'UTC'
	SETTINGS
	(cd / && as_server setsid env "$@" "$PG_BIN/postgres" -D "$home/data" >>"$DIR/$name.log" 2>&1 </dev/null) &
	SERVER_PID[$name]=$!
	until "$PG_BIN/pg_isready" -q -h "$home" -U postgres; do
		if ((SECONDS >= deadline)) || ! kill -0 "${SERVER_PID[$name]}" 2>/dev/null; then
			die "the server does not start: $(tail -n 1 "$DIR/$name.log")"
		fi
		sleep 0.05
	done
	# The loader goes on without what it cannot preload.
	! grep -F 'cannot be preloaded' "$DIR/$name.log" >&2 || exit 1
}

# start_device 1ms|real: a server of that name; of 1ms each flush takes 1 ms.
start_device()
{
	if [[ $1 == 1ms ]]; then
		start_server 1ms LD_PRELOAD="$DIR/slowflush.so" MJC_FLUSH_US=1000
	else
		start_server "$1"
	fi
}

stop_server()
{
	kill -INT "${SERVER_PID[$1]}" 2>/dev/null
	wait "${SERVER_PID[$1]}" 2>/dev/null
	unset "SERVER_PID[$1]"
}

# run_sql NAME DATABASE [PSQL ARGUMENT...]: psql as the superuser, quiet but for rows.
run_sql()
{
	local name=$1 database=$2
	shift 2

	"$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -h "$DIR/$name" -U postgres -d "$database" "$@"
}

# check_invariants NAME DATABASE: a broken one is told and fails the bench.
check_invariants()
{
	local server=$1 database=$2 broken

	say "$server: checking database $database"
	broken=$(run_sql "$server" "$database" -c "SET work_mem = '256MB'" -c 'SELECT * FROM mjc.check_invariants() LIMIT 20') || exit 1
	[[ -n $broken ]] || return 0
	say "the invariants do not hold in $database:" "$broken" >&2
	# shellcheck disable=SC2034 # the bench ends with it
	STATUS=1
}

#------------------------------------------------------------------ runs

# cpu_now: busy, idle and stolen ticks of the machine since it started.
cpu_now()
{
	local user nice system idle iowait irq softirq steal

	read -r _ user nice system idle iowait irq softirq steal _ </proc/stat
	CPU="$((user + nice + system + irq + softirq)) $((idle + iowait)) $steal"
}

# measure SERVER DATABASE ROUND CASE CLIENTS SECONDS PGBENCH-ARGUMENT...
#
# One pgbench run. Its first WARM_SECONDS are not counted: connections warm up there. Adds to $RUNS
#   server round case clients seconds tps cpu-us-per-transaction idle% stolen% yes|no
# and returns 1 for a run that does not count (told), ends the bench when pgbench has errors.
measure()
{
	local server=$1 database=$2 round=$3 name=$4 clients=$5 seconds=$6 log=$DIR/pgbench.log line run
	shift 6

	"$PG_BIN/pgbench" -n -M prepared -j 2 -c "$clients" -T $((seconds + WARM_SECONDS)) -P 1 \
		-h "$DIR/$server" -U postgres "$@" "$database" >"$DIR/pgbench.out" 2>"$DIR/progress" &
	PGBENCH_PID=$!
	while read -r line; do
		cpu_now
		printf '%s | %s\n' "$line" "$CPU"
	done <"$DIR/progress" >"$log"
	wait "$PGBENCH_PID" || { cat "$log" "$DIR/pgbench.out" >&2; die "pgbench failed in $name with $clients clients"; }
	PGBENCH_PID=
	grep -q '^number of failed transactions: 0 ' "$DIR/pgbench.out" ||
		{ cat "$log" "$DIR/pgbench.out" >&2; die "transactions failed in $name with $clients clients"; }
	run=$(awk -v ticks="$TICKS" -v most="$MAX_STOLEN" -v warm="$WARM_SECONDS" '
		$1 == "progress:" {
			if (n++ >= warm) transactions += $4 * ($2 - at)
			else { first_at = $2; for (i = 2; i >= 0; i--) first[i] = $(NF - i) }
			at = $2
			for (i = 2; i >= 0; i--) last[i] = $(NF - i) - first[i]
		}
		END {
			if (n <= warm || transactions == 0) exit 1
			all = last[2] + last[1] + last[0]
			printf "%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%s\n", at - first_at, transactions / (at - first_at),
				last[2] * 1e6 / ticks / transactions, 100 * last[1] / all, 100 * last[0] / all,
				(100 * last[0] / all > most ? "no" : "yes")
		}' "$log") || { cat "$log" >&2; die "nothing was measured in $name with $clients clients"; }
	printf '%s\t%s\t%s\t%s\t%s\n' "$server" "$round" "$name" "$clients" "$run" >>"$RUNS"
	[[ $run == *yes ]] && return
	say "left out: $name, $clients clients, round $round: $(cut -f 5 <<<"$run") % of the CPU was stolen"
	return 1
}
