#!/bin/bash
# Release `fixed` under chaos: no seed may fail.
#
#   tests/campaign/hunt.sh [LITE [FULL]]    default: 100000 1000
#
# So many seeds of scenarios/chaos/lite.json and full.json, and LITE / 10 of default.json. Results
# and capsules are left below .build-ci/hunt; the same command goes on where it was stopped. The
# last line is "N passed, N failed", of seeds. Exit code: 0 when nothing failed, 1 when something
# did, 2 wrong usage or a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

lite=${1:-100000}
full=${2:-1000}
if ! [[ $lite =~ ^[1-9][0-9]*$ && $full =~ ^[1-9][0-9]*$ ]]; then
    sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
folder=${CI_BUILDS:-$root/.build-ci}/hunt
install_packages "${build_packages[@]}" || exit 2
meson_options=()
build_in "$root/build" zabsim || { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }

# hunt NAME SEEDS
hunt() {
    local text seeds clean
    echo "$1: seeds 1..$2"
    "$root/build/zabsim" fuzz "$root/scenarios/chaos/$1.json" --seeds "1..$2" \
        --out "$folder/$1" --json="$folder/$1-summary.json"
    text=$("$root/build/zabsim" merge "$folder/$1" 2>&1)
    echo "$text"
    seeds=$(sed -nE 's/^([0-9]+) seeds, .*/\1/p' <<<"$text")
    clean=$(sed -nE 's/^[0-9]+ seeds, ([0-9]+) clean.*/\1/p' <<<"$text")
    count "${clean:-0}" $((${seeds:-$2} - ${clean:-0}))
    [ "${seeds:-0}" -ge "$2" ] || { echo "FAIL  $1 came to no end"; count 0 1; }
}
mkdir -p "$folder"
hunt lite "$lite"
hunt full "$full"
hunt default $((lite / 10 + 1))
close
