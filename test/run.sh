#!/usr/bin/env bash
#
# run.sh - runs the tests on a temporary shop and leaves nothing behind.
#
# usage: test/run.sh [FILE...]             all tests, or the ones named
#        test/run.sh -- COMMAND...         a command with the tests' environment instead
#        test/run.sh --installcheck [FILE] the SQL tests on the server that PGHOST... name
#
# The tests find the shop by MJC_TEST_* (write_test_env in docker/tests.sh). Every file
# speaks TAP (test/one.sh knows how to run each kind), all under one prove. What was
# built with a sanitizer or for coverage is run so that its reports are found here.
# environment: MJC_TEST_KEEP=yes keeps the folder of the temporary shop.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
readonly CHECK_DATABASE=mjchauffage_check
readonly BUILD=.build${MJC_VARIANT:+/$MJC_VARIANT}

# In the background, so that a signal is heeded at once; what the tests start ends with them.
run_prove()
{
	setpriv --pdeathsig TERM prove --exec 'setpriv --pdeathsig TERM test/one.sh' --timer "$@" &
	PROVE_PID=$!
	wait "$PROVE_PID"
}

# Everything that make test runs, in order.
all_tests()
{
	local unit=$BUILD/test/shim/unit

	find test/lint -name '*.t' | sort
	[[ ! -x $unit ]] || echo "$unit"
	find "$BUILD/test/fuzz" -type f -executable 2>/dev/null | sort
	find test/sql -name '*.sql' | sort
	find test/isolation -name '*.spec' | sort
	find test/http -name '*.t' | sort
}

#------------------------------------------------------------------ the temporary shop

start_shop()
{
	local deadline=$((SECONDS + 180))

	DIR=$(mktemp -d /tmp/mjchauffage.XXXXXX) || exit 1
	trap stop_shop EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	variant_environment
	setpriv --pdeathsig TERM docker/shop.sh test "$DIR" >"$DIR.out" 2>&1 </dev/null &
	SHOP_PID=$!
	while [[ ! -e $DIR/ready ]]; do
		kill -0 "$SHOP_PID" 2>/dev/null || { cat "$DIR.out" >&2; variant_reports; exit 1; }
		((SECONDS < deadline)) || { echo "the tests' shop is not ready after 180 s" >&2; exit 1; }
		sleep 0.05
	done
	. "$DIR/env"
}

stop_shop()
{
	trap '' INT TERM HUP
	kill -TERM ${PROVE_PID:-} "$SHOP_PID" 2>/dev/null
	wait "$SHOP_PID" 2>/dev/null
	if [[ -n ${MJC_TEST_KEEP:-} ]]; then
		echo "kept: $DIR and $DIR.out"
	else
		rm -rf "$DIR" "$DIR.out"
	fi
}

variant_environment()
{
	local asan

	REPORTS=$DIR/reports
	case ${MJC_VARIANT:-} in
		asan)
			mkdir "$REPORTS" && chmod 1777 "$REPORTS"
			cp "$BUILD/test/asan/nonls.so" "$REPORTS"
			asan=ASAN_OPTIONS=log_path=$REPORTS/asan:abort_on_error=1
			export MJC_SHIM_ENV="$asan UBSAN_OPTIONS=print_stacktrace=1"
			export MJC_SERVER_ENV="$asan:detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 LD_PRELOAD=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libubsan.so):$REPORTS/nonls.so"
			;;
		coverage)
			mkdir -p "$REPORTS"/{shim,server,tests} && chmod 1777 "$REPORTS"/{shim,server,tests}
			export MJC_SHIM_ENV=GCOV_PREFIX=$REPORTS/shim
			export MJC_SERVER_ENV=GCOV_PREFIX=$REPORTS/server
			export GCOV_PREFIX=$REPORTS/tests
			;;
	esac
}

# Judges or collects what the variant reports; the programs are stopped before.
variant_reports()
{
	local found

	[[ -n ${MJC_VARIANT:-} && -d $REPORTS ]] || return 0
	kill -TERM "$SHOP_PID" 2>/dev/null
	wait "$SHOP_PID" 2>/dev/null
	case $MJC_VARIANT in
		asan)
			found=$(grep -lsE 'Sanitizer|runtime error:' "$REPORTS"/asan.* "$DIR"/log/*)
			[[ -z $found ]] && { echo "sanitizers: nothing found"; return 0; }
			grep -hsE -A 30 'Sanitizer|runtime error:' $found | head -n 200
			return 1
			;;
		coverage)
			# What the tests ran themselves (unit, shims of their own) is added up with the shop's.
			# gcov-tool counts itself too and fails where GCOV_PREFIX points at its input.
			env -u GCOV_PREFIX gcov-tool merge -o "$REPORTS/sum" "$REPORTS/shim" "$REPORTS/tests" >/dev/null
			for found in "$REPORTS"/{sum,server}; do
				(cd "$found" && find . -name '*.gcda' -exec cp --parents {} / \;)
			done
			;;
	esac
}

#------------------------------------------------------------------ a server of somebody's

# The database is made and dropped; the roles mjc_* that the extension makes stay.
installcheck()
{
	export MJC_TEST_TAP_DSN="postgresql:///$CHECK_DATABASE" PGOPTIONS="-c client_min_messages=warning"
	createdb "$CHECK_DATABASE" || exit 1
	trap 'dropdb --if-exists "$CHECK_DATABASE"' EXIT
	psql -Xq -v ON_ERROR_STOP=1 -d "$CHECK_DATABASE" <<-'SQL' >/dev/null || exit 1
		CREATE SCHEMA mjc_ext;
		CREATE SCHEMA tap;
		CREATE EXTENSION btree_gist SCHEMA mjc_ext;
		CREATE EXTENSION pg_trgm SCHEMA mjc_ext;
		CREATE EXTENSION unaccent SCHEMA mjc_ext;
		CREATE EXTENSION mjchauffage;
		CREATE EXTENSION pgtap SCHEMA tap;
		SELECT mjc.install();
	SQL
	(cd sql/demo && psql -Xq -v ON_ERROR_STOP=1 -d "$CHECK_DATABASE" -f load.sql >/dev/null) || exit 1
	[[ $# -gt 0 ]] || set -- $(find test/sql -name '*.sql' | sort)
	run_prove "$@"
}

case ${1-} in
	--installcheck)
		shift
		installcheck "$@"
		;;
	--)
		shift
		start_shop
		"$@"
		;;
	*)
		start_shop
		[[ $# -gt 0 ]] || mapfile -t files < <(all_tests)
		run_prove "${@:-${files[@]}}"
		status=$?
		variant_reports || status=1
		exit "$status"
		;;
esac
