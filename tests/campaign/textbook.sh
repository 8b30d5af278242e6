#!/bin/bash
# Runs the pairs of scenarios/textbook over many seeds: the simplified protocol must break a
# guarantee, Zab under the same faults must keep all. Prints the share of seeds that break one.
#
#   tests/campaign/textbook.sh [FIRST..LAST]    default: 1..1000
#
# One pair a core. The last line is "N passed, N failed", of halves of pairs: a half of textbook
# passes when at least 95 of 100 seeds break a guarantee, a half of zab when none does. Exit code: 0
# when nothing failed, 1 when something did, 2 wrong usage or a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

range=${1:-1..1000}
if ! [[ $range =~ ^([0-9]+)\.\.([0-9]+)$ ]] ||
    [ "${BASH_REMATCH[1]}" -gt "${BASH_REMATCH[2]}" ]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi

install_packages "${build_packages[@]}" || exit 2
meson_options=()
build_in "$root/build" zabsim || { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }

# half FILE: prints its name, how many seeds ran, and how many broke a guarantee.
half() {
    "$root/build/zabsim" run "$1" --seeds "$range" --json 2>/dev/null | python3 -c '
import json, sys
runs = json.load(sys.stdin)["runs"]
print(sys.argv[1], len(runs), sum(not run["holds"] for run in runs))' "$(basename "$1" .json)"
}
export root range
export -f half

results=$(mktemp)
trap 'rm -f "$results"' EXIT
printf '%s\n' "$root"/scenarios/textbook/*-zab.json "$root"/scenarios/textbook/*-textbook.json |
    xargs -P "$(nproc)" -I '{}' bash -c 'half "$1"' half '{}' | tee "$results" |
    while read -r name seeds broken; do
        echo "$name: $broken of $seeds seeds break a guarantee"
    done
while read -r name seeds broken; do
    case $name in
        *-zab) [ "$broken" -eq 0 ] ;;
        *) [ $((broken * 100)) -ge $((seeds * 95)) ] ;;
    esac && count 1 0 || { echo "FAIL  $name"; count 0 1; }
done <"$results"
halves=$(find "$root/scenarios/textbook" -name '*-zab.json' -o -name '*-textbook.json' | wc -l)
[ "$(wc -l <"$results")" -eq "$halves" ] || { echo "FAIL  a half came to no end"; count 0 1; }
close
