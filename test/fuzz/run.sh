#!/usr/bin/env bash
#
# run.sh - runs the fuzz targets and tells in TAP what they found (make fuzz).
#
# usage: test/fuzz/run.sh [NAME...]
#
# Each target first meets the kept inputs of test/fuzz/corpus/NAME, then whatever libFuzzer
# makes of them for FUZZ_SECONDS. What it learns gathers in the build folder; FUZZ_KEEP=yes
# then makes the kept inputs anew: the few that reach the most. Those with names of their
# own (what once broke a target) stay.
#
# environment: FUZZ_SECONDS (60), FUZZ_JOBS targets at a time (1), FUZZ_KEEP, MJC_VARIANT

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
readonly OUT=.build${MJC_VARIANT:+/$MJC_VARIANT}/fuzz
readonly KEPT=test/fuzz/corpus
readonly LONGEST=4096 # bytes of an input
readonly KEPT_BYTES=600
readonly KEPT_FILES=64
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}

fuzz()
{
	local name=$1
	shift

	nice -n 19 "$OUT/$name" -max_len=$LONGEST -rss_limit_mb=2048 -timeout=10 -artifact_prefix="$OUT/$name-" "$@"
}

# One target; the report of a finding goes below its line.
run_target()
{
	local name=$1 log=$OUT/$1.log status

	mkdir -p "$OUT/corpus/$name" "$KEPT/$name"
	fuzz "$name" -max_total_time="${FUZZ_SECONDS:-60}" -print_final_stats=1 \
		"$OUT/corpus/$name" "$KEPT/$name" >"$log" 2>&1
	status=$?
	[[ $status -ne 0 || -z ${FUZZ_KEEP:-} ]] || keep "$name" >>"$log" 2>&1 || status=1
	echo "$name $status" >"$OUT/$name.done"
}

# The inputs that libFuzzer chooses first reach the most.
keep()
{
	local name=$1 new=$OUT/merge-$1

	rm -rf "$new" "$new.from" && mkdir "$new" "$new.from" || return
	find "$OUT/corpus/$name" "$KEPT/$name" -type f -size -${KEPT_BYTES}c -exec cp -t "$new.from" {} +
	fuzz "$name" -set_cover_merge=1 "$new" "$new.from" || return
	find "$KEPT/$name" -type f -regextype egrep -regex '.*/[0-9a-f]{40}' -delete
	find "$new" -type f -printf '%T@ %p\n' | sort -n | head -n $KEPT_FILES | cut -d ' ' -f 2- | xargs -r cp -t "$KEPT/$name"
	rm -rf "$new" "$new.from"
}

# not_ok NUMBER NAME: what the log says, as comments.
not_ok()
{
	echo "not ok $1 - $2"
	grep -m 1 -A 40 -E 'ERROR|SUMMARY|runtime error' "$OUT/$2.log" | sed 's/^/# /'
	ls "$OUT/$2"-* 2>/dev/null | sed 's/^/# input: /'
}

main()
{
	local n=0 failed=0 name status runs

	rm -f "$OUT"/*.done
	export -f run_target fuzz keep
	export OUT KEPT LONGEST KEPT_BYTES KEPT_FILES
	printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS:-1}" -I '{}' bash -c 'run_target {}'
	for name in "$@"; do
		n=$((n + 1))
		read -r _ status <"$OUT/$name.done" || status=none
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$OUT/$name.log" | head -n 1)
		if [[ $status == 0 && ${runs:-0} -gt 0 ]]; then
			echo "ok $n - $name: $runs runs, $(find "$OUT/corpus/$name" "$KEPT/$name" -type f | wc -l) inputs"
		else
			not_ok $n "$name"
			failed=1
		fi
	done
	echo "1..$n"
	exit $failed
}

if [[ ${1-} == --help ]]; then
	sed -n '3,/^$/s/^# \{0,1\}//p' test/fuzz/run.sh
	exit 0
fi
[[ $# -gt 0 ]] || set -- $(for file in test/fuzz/*.c; do basename "$file" .c; done)
main "$@"
