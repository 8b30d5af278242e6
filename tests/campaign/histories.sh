#!/bin/bash
# Judges recorded histories: good ones, the same made bad, and a long one.
#
#   tests/campaign/histories.sh [GOOD [BAD [OPERATIONS]]]    default: 10000 1000 1000000
#
# Of GOOD random runs (tests/support/random_scenario.cpp) the recorded trace may raise no alarm. BAD
# of them are struck by each anomaly of tests/support/anomalies_of_*.cpp (deleted, repeated,
# exchanged, rewound and moved records), at up to six places: each must be flagged, with a witness
# of at most ten records, and each anomaly must strike at least once. A trace of OPERATIONS
# operations must be judged by `zabsim check` within 5 cpu seconds and 1 GB for each million.
#
# One worker a core. The last line is "N passed, N failed", of histories. Exit code: 0 when nothing
# failed, 1 when something did, 2 wrong usage or a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

good=${1:-10000}
bad=${2:-1000}
operations=${3:-1000000}
if ! [[ $good =~ ^[1-9][0-9]*$ && $bad =~ ^[1-9][0-9]*$ && $operations =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
install_packages "${build_packages[@]}" || exit 2
meson_options=()
build_in "$root/build" zabsim tests/histories ||
    { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# judge WHAT SEEDS: adds to the counts what all workers printed.
judge() {
    local chunk=50 from line
    for ((from = 1; from <= $2; from += chunk)); do
        echo "$1 $from..$((from + chunk - 1 < $2 ? from + chunk - 1 : $2))"
    done | xargs -P "$(nproc)" -L 1 "$root/build/tests/histories" >"$folder/$1"
    grep -a '^FAIL' "$folder/$1"
    local ok wrong chunks
    read -r ok wrong chunks < <(awk '/^[0-9]+ [0-9]+$/ {p += $1; f += $2; n++}
        END {print p + 0, f + 0, n + 0}' "$folder/$1")
    if [ "$chunks" -ne $((($2 + chunk - 1) / chunk)) ]; then
        echo "FAIL  $1: a worker came to no end"
        wrong=$((wrong + 1))
    fi
    count "$ok" "$wrong"
    echo "$1: $ok of $((ok + wrong)) histories judged rightly"
}
judge good "$good"
judge bad "$bad"
awk '/^struck / {n[substr($0, length($1 $2) + 3)] += $2}
    END {for (name in n) printf "%8d times: %s\n", n[name], name}' "$folder/bad" | sort -k3

check "$operations operations are judged in time" \
    python "$root/tests/campaign/judging.py" "$root/build/zabsim" "$operations" "$folder"
close
