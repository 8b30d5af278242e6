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

# run_programs BUILD [ARGUMENT…]: every doctest program of a build, all of them at once: one takes
# as long as the others together. What one says comes when it has ended. A program that crashed, or
# ran no case without being asked to filter, counts as a failure: doctest itself exits 0 then.
run_programs() {
    local build=$1 folder program part counted
    shift
    folder=$(mktemp -d)
    for program in $(test_programs "$build"); do
        while read -r part; do
            counted=$folder/$(basename "$program").${part//[^a-z]/}
            echo "0 1" >"$counted" # Until it has counted itself.
            (
                passed=0 failed=0
                run_program "$program" ${part:+"$part"} "$@" >"$counted.log" 2>&1
                echo "$passed $failed" >"$counted"
                cat "$counted.log"
            ) &
        done < <(parts_of "$program")
    done
    wait
    if [ -z "$(ls "$folder")" ]; then
        count 0 1
        echo "FAIL  $build has no test program"
    fi
    rm -f "$folder"/*.log
    while read -r -a counted; do
        count "${counted[@]}"
    done < <(cat "$folder"/* 2>/dev/null)
    rm -rf "$folder"
}

# The arguments of each part that a program is run in. These files take half of the time of unit,
# and most of that of ensemble.
parts_of() {
    local half='*/unit/network*,*/unit/scenario*' most='*/ensemble/wordings*'
    case $1 in
        */ensemble) printf '%s\n' "--source-file=$most" "--source-file-exclude=$most" ;;
        */unit) printf '%s\n' "--source-file=$half" "--source-file-exclude=$half" ;;
        *) echo ;;
    esac
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
