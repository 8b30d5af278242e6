#!/bin/bash
# Calls the real binary as a reader of the README would: pipes, files, signals, exit codes.
#
#   tests/ci/cli.sh [ZABSIM]      default: build/zabsim
#
# The last line is "N passed, N failed". Exit code: 0 when nothing failed, 1 when something did, 2
# when there is no binary.

set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
zabsim=$(realpath "${1:-$root/build/zabsim}")
[ -x "$zabsim" ] || { echo "cli.sh: no binary at $zabsim: build it first" >&2; exit 2; }
. "$root/tests/count.sh"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
cat >"tiny one.json" <<'JSON'
{ "name": "tiny", "why": "for tests", "duration": "2s",
  "ensemble": { "voters": 3 }, "clients": [ { "count": 1 } ] }
JSON

# ends_with CODE COMMAND…: the command ends with this exit code.
ends_with() {
    local wanted=$1 status
    shift
    "$@"
    status=$?
    [ "$status" -eq "$wanted" ] || { echo "exit $status, not $wanted: $*"; return 1; }
}

# prints TEXT COMMAND…: the text stands in its standard output.
prints() {
    local text=$1
    shift
    "$@" 2>/dev/null | grep -qF -- "$text" || { echo "\"$text\" is not printed: $*"; return 1; }
}

reproduces() {
    local line hash
    line=$("$zabsim" run "tiny one.json" --seed 5 | sed -n 's/^reproduce *//p')
    hash=$("$zabsim" run "tiny one.json" --seed 5 | grep '^trace hash')
    [ -n "$line" ] && [ "$(bash -c "$line" | grep '^trace hash')" = "$hash" ]
}

stays_quiet_in_a_broken_pipe() {
    local said
    said=$({ "$zabsim" schema trace; echo "exit $?" >&2; } 2>&1 >/dev/full | tail -n 1)
    [ "$said" = "exit 6" ] || { echo "full disk: $said"; return 1; }
    said=$({ "$zabsim" run "tiny one.json" --trace - --level all 2>/dev/null
             echo "exit $?" >&2; } 2>&1 | head -n 0)
    [ "$said" = "" ] || [ "$said" = "exit 0" ] || { echo "no reader: $said"; return 1; }
    said=$({ "$zabsim" list --dir "$root/scenarios" 2>&3 | true; } 3>&1)
    [ -z "$said" ] || { echo "no reader: $said"; return 1; }
}

keeps_what_there_is() {
    local status
    # Job control would set SIGINT to "ignore" for a background command; timeout does not. In the
    # foreground, because otherwise it signals twice, and the second interrupt ends at once.
    timeout --foreground --signal="$1" 2 "$zabsim" run "tiny one.json" --set duration=10000h \
        --trace kept.jsonl --level operations >kept.txt
    status=$?
    [ "$status" -eq 124 ] || { echo "exit $status"; return 1; }
    grep -q '^trace hash' kept.txt && tail -n 1 kept.jsonl | grep -q 'until interrupted'
}

behaviour=$(sed -n 's/.*behaviour = \([0-9]*\);/\1/p' "$root/sim/world/behaviour.hpp")
check "the version" prints "(behaviour $behaviour" "$zabsim" --version
check "help" prints "Example: zabsim run" "$zabsim" run --help
check "an unknown command" ends_with 2 "$zabsim" rnu
check "no such scenario" ends_with 2 "$zabsim" run none.json
check "a run" ends_with 0 "$zabsim" run "tiny one.json"
check "a run is checked" prints "properties checked, no violation" "$zabsim" run "tiny one.json"
check "many seeds" prints "in each of 3 seeds" "$zabsim" run "tiny one.json" --seeds 1..3
check "an expectation" ends_with 3 "$zabsim" run "tiny one.json" --set 'expect.write_p99=<= 1ns'
check "the line that reproduces a run" reproduces
check "a trace" ends_with 0 "$zabsim" run "tiny one.json" --trace t.jsonl.zst --level all
check "the trace is checked" prints "verified over all" "$zabsim" check t.jsonl.zst
check "the trace is analysed" prints "trace hash" "$zabsim" analyze t.jsonl.zst
check "a trace through a pipe" bash -c \
    "'$zabsim' run 'tiny one.json' --trace - --level all 2>/dev/null | '$zabsim' check -"
check "JSON" bash -c "'$zabsim' run 'tiny one.json' --json | python3 -m json.tool"
check "a profile" prints "trace bytes" "$zabsim" run "tiny one.json" --profile
check "no difference" prints "the same three times" "$zabsim" verify "tiny one.json"
check "an unwritable trace" ends_with 6 "$zabsim" run "tiny one.json" --trace none/t.jsonl
check "validation" prints "tiny one.json: ok" "$zabsim" validate "tiny one.json"
check "the schema for editors" bash -c \
    "'$zabsim' schema scenario | cmp - '$root/scenarios/scenario.schema.json'"
check "the shipped scenarios are listed" prints leader-crash "$zabsim" list --dir "$root/scenarios"
check "the shipped scenarios are valid" bash -c "find '$root/scenarios' -name '*.json' \
    ! -name '*.schema.json' -print0 | xargs -0 '$zabsim' validate"
check "outputs that nobody reads" stays_quiet_in_a_broken_pipe
check "an interrupt" keeps_what_there_is INT
check "a request to end" keeps_what_there_is TERM
close
