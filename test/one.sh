#!/usr/bin/env bash
#
# one.sh FILE - runs one test file of any kind; its TAP goes to standard output.

set -u
file=$1

case $file in
	*.sql)
		export PGOPTIONS="-c search_path=public,tap -c client_min_messages=warning"
		exec "${MJC_TEST_PG_BIN:+$MJC_TEST_PG_BIN/}psql" -XqAt -P pager=off -v ON_ERROR_STOP=1 \
			-d "$MJC_TEST_TAP_DSN" -f "$file"
		;;
	*.spec)
		exec perl "${0%/*}/isolation/run.pl" "$file"
		;;
	*.t)
		exec perl "$file"
		;;
	*.mjs)
		# Node's notes below a test are no YAML that prove can read: told as comments.
		set -o pipefail
		node --test-reporter=tap "$file" | sed -u 's/^ /# /'
		exit
		;;
	*)
		exec "$file"
		;;
esac
