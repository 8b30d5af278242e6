#!/bin/bash
# Builds and runs the libFuzzer targets of tests/fuzz, each for FUZZ_SECONDS (default 300).
#
#   tests/campaign/fuzz.sh [TARGET…]    default: all
#
# What they find is left below .build-ci/fuzz. The last line is "N passed, N failed": one a target.
# Exit code: 0 nothing found, 1 something was, 2 wrong usage or a package is missing.

set -u
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"
. "$root/tests/count.sh"

llvm=19
folder=${CI_BUILDS:-$root/.build-ci}/fuzz
seconds=${FUZZ_SECONDS:-300}
targets=("$@")
[ $# -gt 0 ] || targets=(scenario_fuzz trace_fuzz)
for target in "${targets[@]}"; do
    [ -f "$root/tests/fuzz/$target.cpp" ] && continue
    echo "fuzz.sh: no target \"$target\" in tests/fuzz" >&2
    exit 2
done

install_packages "${build_packages[@]}" "clang-$llvm" "libclang-rt-$llvm-dev" || exit 2

# What both targets need: the loader, and the trace.
sources() {
    cd "$root" && ls protocol/{types,release}/*.cpp sim/{trace,scenario,random,chaos}/*.cpp
    printf 'tests/fuzz/%s.cpp\n' "${targets[@]}"
}

compile() {
    local object=$folder/${1//\//_}.o
    [ -e "$object" ] && [ -z "$(find "$root/protocol" "$root/sim" "$root/tests/fuzz" \
        -newer "$object" -name '*.[ch]pp' -print -quit)" ] && return
    "clang++-$llvm" -std=c++20 -O1 -g -DFMT_HEADER_ONLY \
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
        -I"$root" -c "$root/$1" -o "$object"
}

link_target() {
    local objects
    mapfile -t objects < <(ls "$folder"/*.o | grep -v '/tests_fuzz_')
    "clang++-$llvm" -fsanitize=fuzzer,address,undefined "$folder/tests_fuzz_$1.cpp.o" \
        "${objects[@]}" -lzstd -o "$folder/$1"
}

# Inputs to start from.
corpus_of() {
    local corpus=$folder/corpus-$1 file
    mkdir -p "$corpus"
    case $1 in
        scenario_fuzz)
            while read -r file; do
                cp "$file" "$corpus/$(sha1sum <"$file" | cut -c1-16)"
            done < <(find "$root/scenarios" "$root/tests/golden/malformed" \
                "$root/tests/golden/wellformed" -name '*.json' ! -name '*.schema.json')
            ;;
        trace_fuzz)
            for level in operations all; do
                "$root/build/zabsim" run "$root/scenarios/basics/five-lines.json" --until 700ms \
                    --level "$level" --trace "$work/$level.jsonl" >/dev/null 2>&1
                head -c 60000 "$work/$level.jsonl" >"$corpus/$level-cut"
                { head -n 150 "$work/$level.jsonl"; tail -n 1 "$work/$level.jsonl"; } \
                    >"$corpus/$level"
            done
            ;;
    esac
    echo "$corpus"
}

# The words of the format, from its own schema.
dictionary() {
    grep -oE '"[A-Za-z_0-9./+-]{2,24}"' "$root/scenarios/scenario.schema.json" | LC_ALL=C sort -u |
        sed -E 's/^"(.*)"$/"\\"\1\\""/'
}

fuzz() {
    local target=$1 corpus
    corpus=$(corpus_of "$target")
    mkdir -p "$folder/found-$target"
    echo "$target: $seconds s from $(find "$corpus" -type f | wc -l) inputs"
    if "$folder/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
        -dict="$work/dictionary" -artifact_prefix="$folder/found-$target/" "$corpus" \
        >"$work/$target.log" 2>&1; then
        count 1 0
        tail -n 1 "$work/$target.log"
        echo "ok    $target"
    else
        count 0 1
        tail -n 60 "$work/$target.log"
        echo "FAIL  $target: see $folder/found-$target"
    fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder"
dictionary >"$work/dictionary"
meson_options=()
build_in "$root/build" zabsim || { echo "FAIL  the build"; echo "0 passed, 1 failed"; exit 1; }
export root folder llvm
export -f compile
if ! sources | LC_ALL=C sort -u | xargs -P "$(nproc)" -I{} bash -c 'compile {} || exit 255'; then
    echo "FAIL  the build of the targets"
    echo "0 passed, 1 failed"
    exit 1
fi
for target in "${targets[@]}"; do
    if link_target "$target"; then
        fuzz "$target"
    else
        count 0 1
        echo "FAIL  $target does not link"
    fi
done
close
