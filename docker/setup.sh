# setup.sh - what is in the database of a shop; sourced by shop.sh.
#
# Run at every start and safe to run again: extensions, tables, logins, and once the
# demo catalogue and the admin. Passwords are made here, kept in $SECRETS (0600), and
# go to psql by standard input only, so that no list of processes and no log shows them.

DATABASE=shop
readonly ADMIN_EMAIL=admin@mjchauffage.com

# psql as the superuser; the SQL is on standard input or in the arguments.
superuser_sql()
{
	"$PG_BIN/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PG_PORT" -U postgres -d "$DATABASE" "$@" \
		2>"$LOG/setup.err"
}

# Runs superuser_sql or ends with the first error in one line: run_sql WHAT [ARG...]
# In a pipe it ends the pipe only, so `|| exit 1` belongs behind.
run_sql()
{
	local what=$1 line
	shift

	superuser_sql "$@" && return
	line=$(grep -m 1 -E 'ERROR|FATAL|error' "$LOG/setup.err" || last_line "$LOG/setup.err")
	die "$what: ${line#psql:*: }"
}

random_hex()
{
	od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

# A secret of 2n hex digits, made once.
make_secret()
{
	[[ -s $SECRETS/$1 ]] && return
	(umask 077 && random_hex "$2" >"$SECRETS/$1.new" && mv "$SECRETS/$1.new" "$SECRETS/$1") ||
		die "$SECRETS/$1 cannot be written"
}

# uri_of LOGIN [PASSWORD]: the libpq URI.
uri_of()
{
	if [[ -n ${MJC_PGPORT:-} ]]; then
		echo "postgresql://$1${2:+:$2}@127.0.0.1:$PG_PORT/$DATABASE"
	else
		echo "postgresql://$1${2:+:$2}@/$DATABASE?host=${SOCKET//\//%2F}&port=$PG_PORT"
	fi
}

# The URI of a login whose password is kept here.
dsn_of()
{
	uri_of "$1" "$(<"$SECRETS/$1")"
}

#------------------------------------------------------------------ steps

set_up()
{
	local fresh

	fresh=$("$PG_BIN/psql" -XqAt -h "$SOCKET" -p "$PG_PORT" -U postgres -d postgres \
		-c "SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = '$DATABASE')") ||
		die "PostgreSQL cannot be asked: see $LOG/postgresql.log"
	if [[ $fresh == t ]]; then
		"$PG_BIN/createdb" -h "$SOCKET" -p "$PG_PORT" -U postgres "$DATABASE" 2>"$LOG/setup.err" ||
			die "database $DATABASE cannot be made: $(last_line "$LOG/setup.err")"
	fi
	for name in jwt:32 mjc_web:24 staff:24; do
		make_secret "${name%:*}" "${name#*:}"
	done
	make_extensions
	[[ ${MJC_SETUP:-yes} != no ]] || return 0
	install_schema
	make_logins
	load_demo
	make_admin
}

make_extensions()
{
	run_sql "the extensions that the shop needs cannot be made" <<-'SQL'
		SET client_min_messages = warning;
		CREATE SCHEMA IF NOT EXISTS mjc_ext;
		CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA mjc_ext;
		CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA mjc_ext;
		CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA mjc_ext;
	SQL
}

# The extension and its tables, in one transaction. A script that changed under the same
# version number (a developer's tree) is installed anew: code belongs to the extension,
# tables do not, so nothing of the data goes.
install_schema()
{
	local script here before= version

	script=$(echo "$STAGE$("$PG_CONFIG" --sharedir)"/extension/mjchauffage--*.sql)
	here=$(cat $script | sha256sum | cut -c 1-64)
	# Not from pg_available_extensions: it does not look into extension_destdir.
	version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" mjchauffage.control)
	[[ ! -e $HOME_DIR/installed-script ]] || before=$(<"$HOME_DIR/installed-script")
	run_sql "the shop cannot be installed" -v changed="$([[ -n $before && $before != "$here" ]] && echo yes || echo no)" \
		-v version="$version" >/dev/null <<-'SQL'
		SET client_min_messages = warning;
		SET lock_timeout = '10s';
		BEGIN;
		SELECT :'changed' = 'yes' AND EXISTS (
		    SELECT FROM pg_extension WHERE extname = 'mjchauffage' AND extversion = :'version') AS anew \gset
		\if :anew
		DROP EXTENSION mjchauffage CASCADE;
		\endif
		CREATE EXTENSION IF NOT EXISTS mjchauffage;
		ALTER EXTENSION mjchauffage UPDATE;
		SELECT mjc.install();
		COMMIT;
	SQL
	echo "$here" >"$HOME_DIR/installed-script"
}

make_logins()
{
	{
		echo "\\set web_password $(<"$SECRETS/mjc_web")"
		echo "\\set staff_password $(<"$SECRETS/staff")"
		cat <<-'SQL'
			SELECT format('CREATE ROLE %I LOGIN', login)
			FROM unnest(ARRAY['mjc_web', 'staff']) AS login
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) \gexec
			ALTER ROLE mjc_web PASSWORD :'web_password' CONNECTION LIMIT 80;
			-- what people write stays out of the server's log: no statement, no DETAIL with an error
			ALTER ROLE mjc_web SET log_min_error_statement = panic;
			ALTER ROLE mjc_web SET log_error_verbosity = terse;
			ALTER ROLE mjc_web SET log_parameter_max_length = 0;
			ALTER ROLE staff PASSWORD :'staff_password';
			GRANT mjc_shim TO mjc_web;
			GRANT mjc_admin TO staff;
		SQL
	} | run_sql "the logins cannot be made" >/dev/null || exit 1
}

load_demo()
{
	local empty

	[[ ${MJC_DEMO:-yes} != no && -e $STAGE/demo/load.sql ]] || return 0
	empty=$(run_sql "the catalogue cannot be read" -c 'SELECT NOT EXISTS (SELECT FROM mjc.product)') || exit 1
	[[ $empty == t ]] || return 0
	say "loading the demo catalogue…"
	cd "$STAGE/demo" || die "$STAGE/demo cannot be entered"
	run_sql "the demo catalogue cannot be loaded" -f load.sql >/dev/null
	cd "$REPO" || exit 1
}

# The first admin, once: the account, the login `staff` that acts for it, its password.
make_admin()
{
	local file=$HOME_DIR/admin-password hash

	[[ ! -e $file ]] || return 0
	# Killed between the account and the file: the password of that account is in file.new.
	[[ -s $file.new ]] || (umask 077 && random_hex 9 >"$file.new") || die "$file.new cannot be written"
	hash=$("$STAGE/usr/local/bin/mjc-shim" --hash-password <"$file.new" 2>"$LOG/setup.err") && [[ -n $hash ]] ||
		die "the admin's password cannot be hashed: $(last_line "$LOG/setup.err")"
	{
		echo "\\set hash '$hash'"
		echo "\\set email $ADMIN_EMAIL"
		echo "SELECT mjc.staff_create('staff', 'Admin', :'email', 'ADMIN', :'hash')
		      WHERE NOT EXISTS (SELECT FROM mjc.account_email WHERE email = :'email');"
	} | run_sql "the admin cannot be made" >/dev/null || exit 1
	mv "$file.new" "$file"
	say "admin: $ADMIN_EMAIL, password $(<"$file") (kept in $file)"
}

#------------------------------------------------------------------ people

# make_staff NAME ROLE [EMAIL]: a database login for a person, its password printed once.
# EMAIL: of the account with which that member of staff signs in over REST.
make_staff()
{
	local name=$1 role=$2 email=${3-} password

	[[ $name =~ ^[a-z][a-z0-9_]{0,40}$ ]] || die "use: make staff NAME=x [ROLE=admin|analyst], with a NAME of a-z, 0-9 and _"
	[[ $role == admin || $role == analyst ]] || die "ROLE is admin or analyst, not $role"
	[[ ! $name =~ ^(mjc|pg)_ && $name != postgres ]] || die "$name is a name of the system's own"
	[[ -z $email || ($role == admin && $email =~ ^[^[:space:]\'\\]+@[^[:space:]\'\\]+$) ]] || die "EMAIL is the e-mail of a member of staff, for an admin"
	password=$(random_hex 12)
	{
		echo "\\set name $name"
		echo "\\set role mjc_$role"
		echo "\\set password $password"
		echo "\\set email '$email'"
		echo "\\set is_linked $([[ -n $email ]] && echo yes || echo no)"
		echo "\\set is_admin $([[ $role == admin ]] && echo yes || echo no)"
		cat <<-'SQL'
			BEGIN;
			CREATE ROLE :"name" LOGIN CONNECTION LIMIT 10 PASSWORD :'password' IN ROLE :"role";
			ALTER ROLE :"name" SET idle_in_transaction_session_timeout = '10min';
			\if :is_admin
			ALTER ROLE :"name" SET lock_timeout = '10s';
			\if :is_linked
			SELECT mjc.staff_link(:'name', :'email');
			\else
			SELECT mjc.staff_create(:'name', :'name');
			\endif
			\else
			ALTER ROLE :"name" SET default_transaction_read_only = on;
			ALTER ROLE :"name" SET statement_timeout = '5min';
			\endif
			COMMIT;
		SQL
	} | run_sql "login $name cannot be made" >/dev/null || exit 1
	say "login $name ($role), password $password"
	say "psql '$(uri_of "$name" "$password")'"
}
