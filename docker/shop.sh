#!/usr/bin/env bash
#
# shop.sh - keeps a shop running: its PostgreSQL cluster and its shim.
#
# usage: shop.sh run               start, serve until Ctrl-C or SIGTERM, stop
#        shop.sh psql [ARG...]     psql on the running shop, as staff
#        shop.sh dashboard         the shop at a glance
#        shop.sh import FILE [KIND [yes [MAPPING]]] a CSV file into its catalogue; yes: a dry run
#        shop.sh dsn               its connection string
#        shop.sh staff NAME [ROLE [EMAIL]] a database login for a person (admin, analyst)
#        shop.sh test DIR          like run, on a throw-away cluster in DIR
#        shop.sh test-up DIR       the same in the background; returns when ready
#        shop.sh test-down DIR     stops that one
#
# environment: MJC_HOME, MJC_PORT (3001), MJC_PGPORT (none: socket only), MJC_DEMO=no,
#   MJC_SETUP=no (an empty database, no shim), MJC_SHIM=no, every key of mjc-shim --help;
#   MJC_SERVER_ENV, MJC_SHIM_ENV: more VAR=value words for PostgreSQL and the shim
#
# The rooms: cluster.sh (PostgreSQL), supervise.sh (the shim, and what keeps both
# running), setup.sh (what is in the database), tests.sh (what the tests need besides). Invariants: the lock on $MJC_HOME/lock is held by
# one supervisor at most; whatever it starts dies with it, even by kill -9; PostgreSQL
# and the shim never run as root and read nothing outside $MJC_HOME.

set -u
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
readonly REPO=$PWD

say()
{
	printf '%s\n' "$*"
}

# One line and the end. On a full disk that is the reason, whatever failed first.
die()
{
	local mb

	mb=$([[ -z ${HOME_DIR:-} ]] || free_mb)
	if [[ -n $mb && $mb -lt 16 || $* =~ "No space left" || $* =~ "free disk space" ]]; then
		set -- "the disk of $HOME_DIR is full ($mb MB left)"
	fi
	printf 'mjchauffage: %s\n' "$*" >&2
	exit 1
}

. docker/cluster.sh
. docker/supervise.sh
. docker/setup.sh
. docker/tests.sh

#------------------------------------------------------------------ where and who

# Sets HOME_DIR and everything that follows from it.
use_home()
{
	HOME_DIR=$1
	[[ $HOME_DIR == /* ]] || HOME_DIR=$REPO/$HOME_DIR
	[[ $HOME_DIR =~ ^[A-Za-z0-9/_.+@-]+$ ]] || die "MJC_HOME may hold letters, digits and / _ . + @ - only"
	DATA=$HOME_DIR/data
	SOCKET=$HOME_DIR/socket
	LOG=$HOME_DIR/log
	SECRETS=$HOME_DIR/secrets
	FILES=$HOME_DIR/files
	STAGE=$HOME_DIR/stage
	PG_PORT=${MJC_PGPORT:-5432}
	PORT=${MJC_PORT:-3001}
	PG_CONFIG=${MJC_PG_CONFIG:-pg_config}
	PG_BIN=$("$PG_CONFIG" --bindir 2>/dev/null) || die "no $PG_CONFIG here: make run installs PostgreSQL"
	SERVER_USER=$(id -un)
	SHIM_USER=$SERVER_USER
	if [[ $EUID -eq 0 ]]; then
		SERVER_USER=postgres
		SHIM_USER=nobody
	fi
}

default_home()
{
	if [[ -n ${MJC_HOME:-} ]]; then
		echo "$MJC_HOME"
	elif [[ $EUID -eq 0 ]]; then
		echo /var/lib/mjchauffage
	else
		echo "${XDG_DATA_HOME:-$HOME/.local/share}/mjchauffage"
	fi
}

# as_user NAME COMMAND...: the command with the rights of that user, in place of this shell.
# Whatever it starts ends when the supervisor does; $DEATH names the signal.
as_user()
{
	local user=$1
	shift
	if [[ $EUID -eq 0 ]]; then
		exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
			--pdeathsig "${DEATH:-KILL}" -- "$@"
	fi
	exec setpriv --pdeathsig "${DEATH:-KILL}" -- "$@"
}

free_mb()
{
	df -Pm "$HOME_DIR" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

check_port()
{
	[[ $2 =~ ^[0-9]{1,5}$ && $2 -ge 1 && $2 -le 65535 ]] || die "$1=$2 is not a port"
}

# True when something answers on this port of loopback.
port_taken()
{
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

need_port()
{
	! port_taken "$1" || die "port $1 is in use by another program: choose a free one with $2="
}

make_home()
{
	local dir mb

	mkdir -p "$HOME_DIR" 2>/dev/null || die "$HOME_DIR cannot be made: set MJC_HOME to a folder of yours"
	[[ -w $HOME_DIR ]] || die "$HOME_DIR cannot be written: set MJC_HOME to a folder of yours"
	chmod "$([[ $EUID -eq 0 ]] && echo 755 || echo 700)" "$HOME_DIR" || die "$HOME_DIR belongs to somebody else"
	(as_user "$SERVER_USER" test -x "$HOME_DIR") ||
		die "user $SERVER_USER cannot enter $HOME_DIR: set MJC_HOME to a folder outside of private ones"
	[[ ${#SOCKET} -le 85 ]] || die "the path of $SOCKET is too long for a socket: set MJC_HOME to a shorter one"
	mb=$(free_mb)
	[[ -z $mb || $mb -ge 500 ]] || die "only $mb MB are free in $HOME_DIR: 500 MB are needed"
	mkdir -p "$LOG" "$SECRETS" "$SOCKET" "$FILES" && chmod 700 "$LOG" "$SECRETS" ||
		die "the folders in $HOME_DIR cannot be made"
	[[ $EUID -ne 0 ]] || { chown "$SERVER_USER:" "$SOCKET" && chown "$SHIM_USER:" "$FILES"; }
}

take_lock()
{
	exec 9<>"$HOME_DIR/lock" || die "$HOME_DIR/lock cannot be written"
	flock -n 9 || die "already running (pid $(<"$HOME_DIR/lock")) on $HOME_DIR: stop it first, or set MJC_HOME and MJC_PORT for a second shop"
	: >"$HOME_DIR/lock"
	echo $$ >&9
}

is_running()
{
	[[ -e $HOME_DIR/lock ]] && ! flock -n "$HOME_DIR/lock" true
}

# Copies what was built to where the server's user can read it.
stage()
{
	rm -rf "$STAGE.new"
	make -s --no-print-directory VARIANT="${MJC_VARIANT:-}" PG_CONFIG="$PG_CONFIG" \
		install DESTDIR="$STAGE.new" PREFIX=/usr/local >"$LOG/install.log" 2>&1 &&
		mkdir -p "$STAGE.new/demo" && cp -R sql/demo/. "$STAGE.new/demo" ||
		die "the build could not be copied to $STAGE: $(tail -n 1 "$LOG/install.log")"
	rm -rf "$STAGE" && mv "$STAGE.new" "$STAGE" || die "$STAGE cannot be replaced"
}

#------------------------------------------------------------------ commands

start_all()
{
	make_home
	take_lock
	trap stop_all EXIT
	trap 'exit 1' INT TERM HUP
	check_port MJC_PORT "$PORT"
	[[ -z ${MJC_PGPORT:-} ]] || check_port MJC_PGPORT "$MJC_PGPORT"
	# 9301 beside 3001, so that a second shop's metrics move with its port
	METRICS=${MJC_METRICS_LISTEN:-127.0.0.1:$((PORT + 6300))}
	[[ -n ${MJC_METRICS_LISTEN:-} || $((PORT + 6300)) -le 65535 ]] || METRICS=off
	need_port "$PORT" MJC_PORT
	[[ $METRICS == off ]] || need_port "${METRICS##*:}" MJC_METRICS_LISTEN
	[[ -z ${MJC_PGPORT:-} ]] || need_port "$MJC_PGPORT" MJC_PGPORT
	await_old_postgres
	stage
	make_cluster
	start_postgres
	await_postgres || die "PostgreSQL does not start: $(why_postgres)"
	set_up
	[[ -z ${TEST:-} ]] || prepare_tests
	if [[ ${MJC_SETUP:-yes} != no && ${MJC_SHIM:-yes} != no ]]; then
		start_shim
		await_shim
	fi
}

command_run()
{
	start_all
	say "ready: http://127.0.0.1:$PORT"
	say "  try: curl 'http://127.0.0.1:$PORT/api/v1/products?limit=3'"
	say "       make psql"
	say "       curl -H 'Content-Type: application/json' -d '{\"email\":\"$ADMIN_EMAIL\",\"password\":\"'\$(cat $HOME_DIR/admin-password)'\"}' http://127.0.0.1:$PORT/api/v1/admin/login"
	supervise
}

# The tests' cluster: its own ports, no waiting for the disk (what is tested is not the disk).
# All requests of the tests come from one address, so the rates are wide.
command_test()
{
	TEST=yes
	export MJC_RATE_SCALE=${MJC_RATE_SCALE:-1000}
	export MJC_CACHE_MS=${MJC_CACHE_MS:-0}	# what the tests write is seen at once; cache.t starts shims that keep
	export MJC_WEBHOOKS=${MJC_WEBHOOKS:-off}	# the tests start shims that deliver
	PORT=${MJC_PORT:-$(free_port)}
	MJC_METRICS_LISTEN=${MJC_METRICS_LISTEN:-127.0.0.1:$(free_port)}
	start_all
	write_test_env
	: >"$HOME_DIR/ready"
	supervise
}

command_test_up()
{
	mkdir -p "$HOME_DIR" && rm -f "$HOME_DIR/ready"
	setsid "$REPO/docker/shop.sh" test "$HOME_DIR" >"$HOME_DIR/out" 2>&1 </dev/null &
	while [[ ! -e $HOME_DIR/ready ]]; do
		alive $! || { cat "$HOME_DIR/out" >&2; exit 1; }
		sleep 0.1
	done
	say "$HOME_DIR/env"
}

command_test_down()
{
	local pid

	is_running || return 0
	pid=$(<"$HOME_DIR/lock")
	kill -TERM "$pid"
	while is_running; do sleep 0.1; done
}

need_running()
{
	[[ -r $SECRETS/staff ]] && is_running || die "no shop is running on $HOME_DIR: start it with make run"
}

case ${1-} in
	run)
		use_home "$(default_home)"
		command_run
		;;
	psql)
		use_home "$(default_home)"
		need_running
		shift
		exec "$PG_BIN/psql" "$(dsn_of staff)" "$@"
		;;
	dashboard)
		use_home "$(default_home)"
		need_running
		exec "$PG_BIN/psql" -X "$(dsn_of staff)" -f sql/dashboard.psql
		;;
	import)
		[[ -r ${2-} ]] || die "FILE=${2-} cannot be read"
		use_home "$(default_home)"
		need_running
		exec "$PG_BIN/psql" -X "$(dsn_of staff)" -v file="$2" -v kind="${3-products}" -v dry_run="${4-no}" -v mapping="${5-{\}}" -f sql/import.psql
		;;
	dsn)
		use_home "$(default_home)"
		need_running
		dsn_of staff
		;;
	staff)
		use_home "$(default_home)"
		need_running
		make_staff "${2-}" "${3-admin}" "${4-}"
		;;
	test | test-up | test-down)
		use_home "${2:?a folder is needed}"
		"command_${1/-/_}"
		;;
	*)
		die "usage: shop.sh run|psql|dashboard|import FILE|dsn|staff NAME|test DIR|test-up DIR|test-down DIR"
		;;
esac
