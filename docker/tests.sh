# tests.sh - what a temporary shop has besides, for the tests; sourced by shop.sh.
#
# Databases: `shop` is the one that the shim serves; `tap` is a copy for the SQL tests, so
# that no job of the shim meets them; `clean` is a copy that nobody connects to, the
# template for tests that want a database of their own.

prepare_tests()
{
	local copy

	[[ ${MJC_SETUP:-yes} != no ]] || return 0
	make_secret analyst 24
	{
		echo "\\set password $(<"$SECRETS/analyst")"
		cat <<-'SQL'
			SET client_min_messages = warning;
			CREATE SCHEMA IF NOT EXISTS tap;
			CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA tap;
			SELECT 'CREATE ROLE analyst LOGIN'
			WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analyst') \gexec
			ALTER ROLE analyst PASSWORD :'password';
			GRANT mjc_analyst TO analyst;
			DROP DATABASE IF EXISTS tap;
			DROP DATABASE IF EXISTS clean;
		SQL
	} | run_sql "the tests' logins cannot be made" >/dev/null || exit 1
	for copy in tap clean; do
		"$PG_BIN/createdb" -h "$SOCKET" -p "$PG_PORT" -U postgres -T "$DATABASE" "$copy" 2>"$LOG/setup.err" ||
			die "database $copy cannot be made: $(last_line "$LOG/setup.err")"
	done
}

# Where everything is, as shell assignments.
write_test_env()
{
	(
		umask 077
		cat >"$HOME_DIR/env" <<-ENV
			export MJC_TEST_HOME='$HOME_DIR'
			export MJC_TEST_DSN='$(uri_of postgres)'
			export MJC_TEST_TAP_DSN='$(DATABASE=tap uri_of postgres)'
			export MJC_TEST_TEMPLATE='clean'
			export MJC_TEST_URL='http://127.0.0.1:$PORT'
			export MJC_TEST_METRICS_URL='http://$METRICS'
			export MJC_TEST_SHIM='$STAGE/usr/local/bin/mjc-shim'
			export MJC_TEST_PG_BIN='$PG_BIN'
			export MJC_TEST_PG_CONFIG='$PG_CONFIG'
			export MJC_TEST_JWT_SECRET_FILE='$SECRETS/jwt'
			export MJC_TEST_ADMIN_EMAIL='$ADMIN_EMAIL'
			export MJC_TEST_ADMIN_PASSWORD_FILE='$HOME_DIR/admin-password'
		ENV
		[[ ${MJC_SETUP:-yes} != no ]] || exit 0
		cat >>"$HOME_DIR/env" <<-ENV
			export MJC_TEST_STAFF_DSN='$(dsn_of staff)'
			export MJC_TEST_ANALYST_DSN='$(dsn_of analyst)'
			export MJC_TEST_SHIM_DSN='$(dsn_of mjc_web)'
		ENV
	) || die "$HOME_DIR/env cannot be written"
}

free_port()
{
	local port

	for _ in {1..50}; do
		port=$((20000 + RANDOM % 10000))
		port_taken "$port" || { echo "$port"; return; }
	done
}
