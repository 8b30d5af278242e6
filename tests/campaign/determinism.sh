#!/bin/bash
# A run is a function of (behaviour, scenario, seed): the same trace hashes whatever compiled it,
# with whatever library, at whatever optimisation, on whatever processor; and twice in a row.
#
#   tests/campaign/determinism.sh
#
# Builds "zabsim" below .build-ci (or $CI_BUILDS). The last line is "N passed, N failed": one a
# build, scenario and seed, and one a repeated seed. Exit code: 0 nothing failed, 1 something did,
# 2 a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

llvm=19
builds=${CI_BUILDS:-$root/.build-ci}
repeated_seeds=1..1000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# With this, glibc takes the variants of its functions for a processor without AVX2 and FMA.
old_processor=glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable,-FMA4

# The whole story of each shipped scenario under a thin load, and some starts under full load.
light='clients=[{"count":4,"load":{"closed":{"think_time":"200ms"}},'
light+='"operations":{"set":2,"get":1,"create":1}}]'
seeds=1..2

# hashes PROGRAM: lines "scenario seed hash".
hashes() {
    local file name
    while read -r file; do
        name=${file#"$root/scenarios/"}
        hashes_of "$1" "$name" "$file" --seeds "$seeds" --set "$light"
    done < <(find "$root/scenarios" -name '*.json' ! -name '*.schema.json' \
        ! -path '*/profiles/*' | LC_ALL=C sort)
    for name in basics/leader-crash basics/watchers wan/five-regions published/atc10; do
        file=$root/scenarios/$name.json
        hashes_of "$1" "$name(full)" "$file" --seeds "$seeds" --until 2s
    done
}

# hashes_of PROGRAM NAME FILE OPTION…: expectations need not be met here, so exit 3 will do.
hashes_of() {
    local program=$1 name=$2 status
    shift 2
    "$program" run --check none --json=- "$@" >"$work/result.json" 2>"$work/talk"
    status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 3 ]; then
        cat "$work/talk" >&2
        echo "$name - exit-$status"
        return
    fi
    python -c '
import json, sys
for run in json.load(open(sys.argv[1]))["runs"]:
    print(sys.argv[2], run["seed"], run["trace_hash"])' "$work/result.json" "$name"
}

# same NAME FILE: compares with the first build's hashes, line by line.
same() {
    local bad total
    total=$(wc -l <"$work/expected")
    bad=$(diff "$work/expected" "$2" | grep -c '^<')
    count $((total - bad)) "$bad"
    if [ "$bad" -eq 0 ]; then
        echo "ok    $1: $total hashes"
    else
        diff "$work/expected" "$2"
        echo "FAIL  $1: $bad of $total hashes differ"
    fi
}

# try NAME FOLDER [VARIABLE=VALUE…]: with `cxx` and `meson_options` of the caller.
try() {
    local name=$1 folder=$2
    shift 2
    if ! build_in "$folder" zabsim; then
        count 0 1
        echo "FAIL  $name: the build"
        return
    fi
    hashes_under "$folder/zabsim" "$@" >"$work/found"
    same "$name" "$work/found"
}

hashes_under() (
    local program=$1
    shift
    [ $# -eq 0 ] || export "$@"
    hashes "$program"
)

repeat() {
    local turn bad total
    for turn in 1 2; do
        "$root/build/zabsim" run "$root/scenarios/basics/leader-crash.json" --seeds \
            "$repeated_seeds" --until 30s --set "$light" --check none --json=- 2>/dev/null |
            python -c '
import json, sys
for run in json.load(sys.stdin)["runs"]:
    print(run["seed"], run["trace_hash"])' >"$work/turn-$turn"
    done
    total=$(wc -l <"$work/turn-1")
    bad=$(diff "$work/turn-1" "$work/turn-2" | grep -c '^[<>]')
    [ "$total" -ge 1000 ] || bad=$((bad + 1))
    count $((total > bad ? total - bad : 0)) "$bad"
    echo "$total seeds run twice: $bad differ"
}

install_packages "${build_packages[@]}" "clang-$llvm" "libc++-$llvm-dev" "libc++abi-$llvm-dev" \
    "libclang-rt-$llvm-dev" || exit 2

meson_options=()
build_in "$root/build" zabsim || { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }
hashes "$root/build/zabsim" >"$work/expected"
bad=$(grep -c ' exit-' "$work/expected")
count $(($(wc -l <"$work/expected") - bad)) "$bad"
echo "g++ -O2: $(wc -l <"$work/expected") hashes, $bad runs failed"

try "g++ -O2 on an older processor" "$root/build" GLIBC_TUNABLES=$old_processor
repeat
cxx=g++
meson_options=(-Doptimization=0)
try "g++ -O0" "$builds/optimization-0"
# With these g++ 12 warns of what it takes fmt's headers for.
meson_options=(-Doptimization=3 -Dcpp_args=-march=native -Dwerror=false)
try "g++ -O3 -march=native" "$builds/optimization-3"
meson_options=(-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1
    "-Dcpp_args=-fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS")
try "g++ with sanitizers" "$builds/g++-sanitizers" ASAN_OPTIONS=exitcode=77:detect_leaks=1 \
    UBSAN_OPTIONS=exitcode=77:print_stacktrace=1
cxx=clang++-$llvm
meson_options=("-Dcpp_args=-stdlib=libc++ -DFMT_HEADER_ONLY" "-Dcpp_link_args=-stdlib=libc++")
try "clang++ with libc++" "$builds/libcxx"
close
