# Sourced by tests/run and .ci/run: runs checks and doctest programs, and counts.

passed=0
failed=0

count() {
    passed=$((passed + $1))
    failed=$((failed + $2))
}

# check NAME COMMAND…: one check, by its exit code. What it says is shown only when it fails.
check() {
    local name=$1 log status
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    if [ "$status" -eq 0 ]; then
        count 1 0
        echo "ok    $name: $(tail -n 1 "$log")"
    else
        count 0 1
        cat "$log"
        echo "FAIL  $name (exit $status)"
    fi
    rm -f "$log"
}

# Test programs of a build, one a line, absolute.
test_programs() {
    meson introspect --tests "$1" | python -c '
import json, sys
for test in json.load(sys.stdin):
    print(test["cmd"][0])'
}

# run_programs BUILD [ARGUMENT…]: every doctest program of a build. A program that crashed, or
# ran no case without being asked to filter, counts as a failure: doctest itself exits 0 then.
run_programs() {
    local build=$1 programs program
    shift
    programs=$(test_programs "$build")
    if [ -z "$programs" ]; then
        count 0 1
        echo "FAIL  $build has no test program"
    fi
    for program in $programs; do
        run_program "$program" "$@"
    done
}

run_program() {
    local program=$1 log status summary cases_passed cases_failed
    shift
    log=$(mktemp)
    (cd "$root" && "$program" "$@") >"$log" 2>&1 </dev/null
    status=$?
    summary=$(grep -a '^\[doctest\] test cases:' "$log" | tail -n 1)
    cases_passed=$(sed -nE 's/.*[| ]([0-9]+) passed.*/\1/p' <<<"$summary")
    cases_failed=$(sed -nE 's/.*[| ]([0-9]+) failed.*/\1/p' <<<"$summary")
    cases_passed=${cases_passed:-0}
    cases_failed=${cases_failed:-0}
    if [ "$cases_failed" -eq 0 ] && [ "$status" -ne 0 ]; then
        cases_failed=1 # A crash, a sanitizer's report, or no program at all.
    fi
    if [ $((cases_passed + cases_failed)) -eq 0 ] && [ -z "${filter:-}" ]; then
        cases_failed=1
        echo "no test case ran" >>"$log"
    fi
    count "$cases_passed" "$cases_failed"
    if [ "$cases_failed" -ne 0 ]; then
        cat "$log"
        echo "FAIL  $(basename "$program") (exit $status): $cases_failed failed"
    else
        echo "ok    $(basename "$program"): $cases_passed cases"
    fi
    rm -f "$log"
}

# The closing line, alone; the exit code of the script. Nothing run is a failure too.
close() {
    if [ $((passed + failed)) -eq 0 ]; then
        echo "nothing ran"
        failed=1
    fi
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
