#!/bin/bash
# Runs many small random scenarios (tests/support/random_scenario.cpp) under every checker.
#
#   tests/campaign/seeds.sh [FIRST..LAST]    default: 1001..6000; the unit tests run 1..1000
#
# One worker a core. The last line is "N passed, N failed", of seeds. Exit code: 0 when nothing
# failed, 1 when something did, 2 wrong usage or a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

range=${1:-1001..6000}
if ! [[ $range =~ ^([0-9]+)\.\.([0-9]+)$ ]] ||
    [ "${BASH_REMATCH[1]}" -gt "${BASH_REMATCH[2]}" ]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
first=${BASH_REMATCH[1]}
last=${BASH_REMATCH[2]}
chunk=100 # Seeds a process; those after one that died are run by the next.

install_packages "${build_packages[@]}" || exit 2
meson_options=()
build_in "$root/build" || { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }

# run_range FIRST LAST: prints what failed, then "P F".
run_range() {
    local from=$1 to=$2 log status dead bad ok=0
    local failed_here=0
    log=$(mktemp)
    while [ "$from" -le "$to" ]; do
        (cd "$root" && ZABSIM_SEEDS="$from..$to" "$root/build/tests/unit" \
            --test-case="random scenarios are clean*") >"$log" 2>&1 </dev/null
        status=$?
        dead=$(grep -a '^seed [0-9]*$' "$log" | tail -n 1 | cut -d' ' -f2)
        dead=${dead:-$from}
        bad=$(grep -acE 'ERROR: CHECK' "$log")
        if [ "$status" -ne 0 ]; then grep -avE '^seed [0-9]+$' "$log" >&2; fi
        if grep -aq '^\[doctest\] test cases: *1 ' "$log"; then
            dead=$to # It came to its end.
        else
            echo "FAIL  seed $dead: the process ended (exit $status)" >&2
            bad=$((bad + 1))
        fi
        ok=$((ok + dead - from + 1 - bad))
        failed_here=$((failed_here + bad))
        from=$((dead + 1))
    done
    rm -f "$log"
    echo "$ok $failed_here"
}
export root
export -f run_range

results=$(mktemp)
trap 'rm -f "$results"' EXIT
seq "$first" "$chunk" "$last" |
    while read -r from; do
        to=$((from + chunk - 1))
        echo "$from $((to < last ? to : last))"
    done |
    xargs -P "$(nproc)" -L 1 bash -c 'run_range "$1" "$2"' run_range |
    while read -r ok bad; do
        count "$ok" "$bad"
        echo "$passed $failed" >"$results"
        if [ $(((passed + failed) % 500)) -lt "$chunk" ]; then
            echo "$((passed + failed)) of $((last - first + 1)) seeds, $failed failed"
        fi
    done
read -r passed failed <"$results" || failed=1
close
