# supervise.sh - the shim of a shop, and what keeps it and PostgreSQL running; sourced by
# shop.sh.
#
# Stop order: the shim first (it answers what is under way), then PostgreSQL.

#------------------------------------------------------------------ the shim

# start_shim: secrets go by the environment, which only the shim's own user and root can read.
start_shim()
{
	(
		exec 9>&-
		cd "$HOME_DIR" || exit 1
		export MJC_LISTEN=127.0.0.1:$PORT MJC_METRICS_LISTEN=$METRICS
		export MJC_DSN="$(dsn_of mjc_web)" MJC_JWT_SECRET="$(<"$SECRETS/jwt")"
		export HOME=$HOME_DIR MJC_FILES_DIR="${MJC_FILES_DIR-$FILES}"
		unset MJC_HOME MJC_PORT MJC_PGPORT MJC_PG_CONFIG MJC_VARIANT MJC_DEMO MJC_SETUP MJC_SHIM MJC_FSYNC
		DEATH=TERM as_user "$SHIM_USER" setsid env ${MJC_SHIM_ENV:-} "$STAGE/usr/local/bin/mjc-shim"
	) >>"$LOG/shim.log" 2>>"$LOG/shim.err" </dev/null &
	SHIM_PID=$!
}

shim_ready()
{
	local line=

	(
		exec 3<>"/dev/tcp/127.0.0.1/$PORT" || exit 1
		printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
		read -r -t 3 line <&3
		[[ $line == *" 200 "* ]]
	) 2>/dev/null
}

# First start only: a shim that does not come up is an error in what was asked for.
await_shim()
{
	local deadline=$((SECONDS + 20))

	until shim_ready; do
		alive "$SHIM_PID" || die "the shim does not start: $(last_line "$LOG/shim.err")"
		((SECONDS < deadline)) || die "the shim is not ready after 20 s: see $LOG/shim.log"
		sleep 0.05
	done
}

last_line()
{
	local line

	line=$(tail -n 1 "$1" 2>/dev/null)
	echo "${line:-no reason given, see $1}"
}

#------------------------------------------------------------------ supervision

# Dead shims come back at once, but after five in ten seconds with a pause.
revive_shim()
{
	local now=$SECONDS

	how_ended "$SHIM_PID"
	SHIM_DEATHS+=("$now")
	[[ ${#SHIM_DEATHS[@]} -le 5 ]] || SHIM_DEATHS=("${SHIM_DEATHS[@]: -5}")
	if [[ ${#SHIM_DEATHS[@]} -eq 5 && $((now - SHIM_DEATHS[0])) -lt 10 ]]; then
		say "the shim keeps ending, next try in 5 s: $(last_line "$LOG/shim.err")"
		sleep 5
	else
		say "the shim ended ($HOW), starting it again"
	fi
	start_shim
}

# A postmaster that cannot start (a full disk) is tried again for as long as it takes.
revive_postgres()
{
	local reason before= pause=1

	how_ended "$PG_PID"
	say "PostgreSQL ended ($HOW), starting it again"
	until await_old_backends && start_postgres && await_postgres || [[ -n $STOPPING ]]; do
		look_around
		reason=$(why_postgres)
		[[ ${reason//[0-9]/} == "$before" ]] || say "PostgreSQL does not start: $reason"
		before=${reason//[0-9]/}
		sleep "$pause"
		pause=$((pause < 10 ? pause + 1 : 10))
	done
	[[ -n $STOPPING ]] || say "PostgreSQL is back"
}

# Every few seconds: the disk, and logs that grow past 100 MB.
look_around()
{
	local mb log

	# no $(...) here: a SIGINT that comes while bash waits for one can be lost
	read -r mb < <(free_mb)
	if [[ -n $mb && $mb -lt 200 && -z ${DISK_LOW:-} ]]; then
		say "the disk of $HOME_DIR is nearly full ($mb MB left): make space, or orders will fail"
		DISK_LOW=yes
	elif [[ -n $mb && $mb -ge 300 && -n ${DISK_LOW:-} ]]; then
		say "the disk of $HOME_DIR has space again"
		DISK_LOW=
	fi
	while read -r log; do
		cp "$log" "$log.1" && : >"$log"
	done < <(find "$LOG" -maxdepth 1 -name '*.log' -size +100M)
}

alive()
{
	kill -0 "$1" 2>/dev/null
}

# Sets HOW; no subshell, which could not wait for our children.
how_ended()
{
	local status

	wait "$1"
	status=$?
	HOW="status $status"
	((status <= 128)) || HOW="signal $((status - 128))"
}

# Until SIGTERM or SIGINT. wait -n wakes this up; who ended is asked of the processes, because it passes over one
# that ended while another was being revived. The trap does no more than take a note:
# bash can lose itself when a trap waits for a process while wait -n does.
supervise()
{
	# bash's own notes about killed children
	exec 2>>"$LOG/supervisor.err"
	SHIM_DEATHS=()
	TICK_PID=
	STOPPING=
	trap 'STOPPING=yes' INT TERM HUP
	while [[ -z $STOPPING ]]; do
		if [[ -z $TICK_PID ]] || ! alive "$TICK_PID"; then
			look_around
			setpriv --pdeathsig KILL sleep 2 9>&- &
			TICK_PID=$!
		fi
		[[ -z ${SHIM_PID:-} ]] || alive "$SHIM_PID" || revive_shim
		alive "$PG_PID" || revive_postgres
		wait -n "$PG_PID" ${SHIM_PID:+"$SHIM_PID"} "$TICK_PID"
	done
	say "stopping…"
	stop_all
	say "stopped; the data is kept in $HOME_DIR"
	exit 0
}

# stop_child PID SIGNAL SECONDS: true when it is gone in time.
stop_child()
{
	local deadline=$((SECONDS + $3))

	kill -"$2" "$1" 2>/dev/null || return 0
	while alive "$1"; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}

# The shim first, so that requests under way still find their database.
stop_all()
{
	trap '' TERM INT HUP
	trap - EXIT
	[[ -z ${TICK_PID:-} ]] || kill -KILL "$TICK_PID" 2>/dev/null
	if [[ -n ${SHIM_PID:-} ]]; then
		stop_child "$SHIM_PID" TERM 30 || stop_child "$SHIM_PID" KILL 5
	fi
	if [[ -n ${PG_PID:-} ]]; then
		stop_child "$PG_PID" INT 60 || stop_child "$PG_PID" QUIT 10
	fi
	rm -f "$HOME_DIR/ready"
}
