# cluster.sh - the private PostgreSQL cluster of a shop; sourced by shop.sh.
#
# The postmaster is our own child, not pg_ctl's: it gets SIGINT (fast stop) when the
# supervisor dies in any way. Nothing in the data folder is removed by hand but a
# postmaster.pid that names a process which is not our server.

make_cluster()
{
	local options=(-k --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256
		-U postgres -D "$DATA.new")

	if [[ ! -e $DATA/PG_VERSION ]]; then
		say "making the database cluster…"
		rm -rf "$DATA.new"
		mkdir "$DATA.new" && chmod 700 "$DATA.new" || die "$DATA.new cannot be made"
		[[ $EUID -ne 0 ]] || chown "$SERVER_USER:" "$DATA.new"
		[[ -z ${TEST:-} ]] || options+=(--no-sync)
		(as_user "$SERVER_USER" "$PG_BIN/initdb" "${options[@]}" >"$LOG/initdb.log" 2>&1 </dev/null) ||
			die "the database cluster cannot be made: $(grep -m 1 -iE 'error|fatal|could not' "$LOG/initdb.log" || last_line "$LOG/initdb.log")"
		echo "include 'mjchauffage.conf'" >>"$DATA.new/postgresql.conf"
		write_settings "$DATA.new"
		mv "$DATA.new" "$DATA" || die "$DATA cannot be made"
	fi
	check_cluster
	write_settings "$DATA"
}

check_cluster()
{
	local made here owner

	made=$(<"$DATA/PG_VERSION")
	here=$("$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
	[[ $made == "$here" ]] ||
		die "the data in $DATA is of PostgreSQL $made, the build is for $here: use PG_CONFIG=/usr/lib/postgresql/$made/bin/pg_config, or pg_upgrade"
	owner=$(stat -c %U "$DATA")
	[[ $owner == "$SERVER_USER" ]] ||
		die "the data in $DATA belongs to $owner and PostgreSQL would run as $SERVER_USER: start as the user who made it"
}

# Written at each start, so a newer version's settings reach an older cluster. What the
# owner sets by ALTER SYSTEM stands above them.
write_settings()
{
	local dir=$1 os_user

	{
		echo "# written by docker/cluster.sh at every start; use ALTER SYSTEM for your own settings"
		if [[ -n ${MJC_PGPORT:-} ]]; then
			echo "listen_addresses = '127.0.0.1'"
		else
			echo "listen_addresses = ''"
		fi
		cat <<-SETTINGS
			port = $PG_PORT
			unix_socket_directories = '$SOCKET'
			$(extension_path_setting)
			max_connections = 100
			shared_buffers = 128MB
			max_wal_size = 1GB
			wal_compression = on
			jit = off
			timezone = 'UTC'
			log_timezone = 'UTC'
			password_encryption = 'scram-sha-256'
			logging_collector = off
			log_line_prefix = '%m [%p] %q%u@%d '
			# no personal data in logs: durations and statements, never their values
			log_min_duration_statement = 1s
			log_parameter_max_length = 0
			log_parameter_max_length_on_error = 0
		SETTINGS
		[[ -z ${TEST:-} ]] || echo "fsync = ${MJC_FSYNC:-off}"
	} >"$dir/mjchauffage.conf" || die "$dir/mjchauffage.conf cannot be written"

	cat >"$dir/pg_hba.conf" <<-HBA
		# written by docker/cluster.sh at every start
		local  all  postgres                peer map=mjc
		local  all  all                     scram-sha-256
		host   all  all       127.0.0.1/32  scram-sha-256
	HBA
	for os_user in $(printf '%s\n' "$SERVER_USER" root "$(id -un)" | sort -u); do
		echo "mjc $os_user postgres"
	done >"$dir/pg_ident.conf"
	[[ $EUID -ne 0 ]] || chown "$SERVER_USER:" "$dir"/{mjchauffage,pg_hba,pg_ident}.conf
}

# How this server finds an extension outside of its own folders: Debian's has a setting
# for a whole tree, PostgreSQL 18 has its own pair.
extension_path_setting()
{
	local sharedir pkglibdir

	sharedir=$("$PG_CONFIG" --sharedir)
	pkglibdir=$("$PG_CONFIG" --pkglibdir)
	case $("$PG_BIN/postgres" --describe-config 2>/dev/null | cut -f 1) in
		*extension_destdir*)
			echo "extension_destdir = '$STAGE'"
			;;
		*extension_control_path*)
			echo "extension_control_path = '$STAGE$sharedir:\$system'"
			echo "dynamic_library_path = '$STAGE$pkglibdir:\$libdir'"
			;;
		*)
			die "this PostgreSQL can load no extension from outside its own folders: use Debian's, or 18 and newer"
			;;
	esac
}

#------------------------------------------------------------------ start

start_postgres()
{
	PG_LOG_START=$(stat -c %s "$LOG/postgresql.log" 2>/dev/null || echo 0)
	(
		exec 9>&-
		cd / || exit 1
		DEATH=INT as_user "$SERVER_USER" setsid env HOME="$DATA" ${MJC_SERVER_ENV:-} "$PG_BIN/postgres" -D "$DATA"
	) >>"$LOG/postgresql.log" 2>&1 </dev/null &
	PG_PID=$!
}

# True when it takes queries; false when the process ended or 60 s (crash recovery: 10 min) passed.
await_postgres()
{
	local deadline=$((SECONDS + 600))

	while alive "$PG_PID" && ((SECONDS < deadline)); do
		"$PG_BIN/pg_isready" -q -t 1 -U postgres -d postgres -h "$SOCKET" -p "$PG_PORT" && return 0
		sleep 0.05
	done
	return 1
}

# The reason in one line: what the server logged since this start.
why_postgres()
{
	local line

	line=$(tail -c +$((PG_LOG_START + 1)) "$LOG/postgresql.log" | grep -m 1 -E '\] (FATAL|PANIC): ')
	line=${line##*] }
	echo "${line:-no reason given, see $LOG/postgresql.log}"
}

#------------------------------------------------------------------ what an earlier one left

# Ids of server processes whose working folder is our data folder.
server_pids()
{
	find /proc/[0-9]*/cwd -maxdepth 0 -lname "$DATA" -printf '%h\n' 2>/dev/null | sed 's/.*\///'
}

# An earlier postmaster may still be stopping (its supervisor was killed); a pid file
# may name a process that has nothing to do with us (the machine was restarted).
await_old_postgres()
{
	local pid= deadline=$((SECONDS + 60)) told=

	while [[ -e $DATA/postmaster.pid ]] && pid=$(head -n 1 "$DATA/postmaster.pid" 2>/dev/null) && [[ -n $(server_pids) ]]; do
		[[ -n $told ]] || say "waiting for the earlier PostgreSQL (pid $pid) to stop…"
		told=yes
		((SECONDS < deadline)) || die "a PostgreSQL (pid $pid) already runs on $DATA: stop it first"
		sleep 0.1
	done
	if [[ -n $pid && -d /proc/$pid ]]; then
		say "removing a stale postmaster.pid (process $pid is not our PostgreSQL)"
		rm -f "$DATA/postmaster.pid"
	fi
	# The same for the socket's lock: no server of this cluster is left that could own it.
	rm -f "$SOCKET/.s.PGSQL.$PG_PORT" "$SOCKET/.s.PGSQL.$PG_PORT.lock"
}

# After a killed postmaster its backends leave by themselves; one that does not within
# 10 s is told to, or the new postmaster could not take the shared memory.
await_old_backends()
{
	local deadline=$((SECONDS + 10)) pids

	while pids=$(server_pids) && [[ -n $pids ]]; do
		if ((SECONDS >= deadline)); then
			kill -QUIT $pids 2>/dev/null
			deadline=$((SECONDS + 5))
		fi
		sleep 0.05
	done
	return 0
}
