#!/bin/bash
# Checks that the schema for editors and the loader agree: the schema accepts every shipped and
# every well-formed scenario, refuses the malformed ones whose mistake it can see (1xx: keys and
# kinds, 2xx: values), and accepts those that only the loader can judge (3xx: ranges and
# combinations). Its own defaults and examples must satisfy it too.
#
#   tests/ci/schema.sh
#
# Needs python3-jsonschema (Debian). The last line is "N passed, N failed". Exit code: 0 when
# nothing failed, 1 when something did, 2 when the package is missing.

set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=/usr/bin/python3
[ -x "$python" ] || python=python3
if ! "$python" -c 'import jsonschema' 2>/dev/null; then
    echo "schema.sh: please run: apt-get install python3-jsonschema" >&2
    exit 2
fi

exec "$python" - "$root" <<'PYTHON'
import json
import pathlib
import re
import sys

import jsonschema

root = pathlib.Path(sys.argv[1])
golden = root / "tests/golden"
schema = json.loads((root / "scenarios/scenario.schema.json").read_text())
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
passed = failed = 0


def check(holds, what):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    if not holds:
        print("FAIL ", what)


def load(path):
    """JSON with comments; strings are matched first, so that what looks like one in them stays."""
    tokens = r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/'
    keep = lambda found: found.group() if found.group().startswith('"') else " "
    return json.loads(re.sub(tokens, keep, path.read_text(), flags=re.S))


def parts(value):
    """Every schema in a schema."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from parts(inner)


for path in sorted(root.glob("scenarios/**/*.json")):
    if path.name != "scenario.schema.json":
        check(validator.is_valid(load(path)), f"{path.relative_to(root)} should be accepted")
for path in sorted(golden.glob("wellformed/**/*.json")):
    check(validator.is_valid(load(path)), f"{path.relative_to(root)} should be accepted")
for path in sorted(golden.glob("wellformed/*.txt")):
    check(validator.is_valid(load(path)), f"{path.relative_to(root)} should be accepted")
for path in sorted(golden.glob("malformed/[123]*.json")):
    is_visible = path.name[0] in "12"
    verdict = "refused" if is_visible else "accepted"
    check(validator.is_valid(load(path)) != is_visible,
          f"{path.relative_to(root)} should be {verdict}")
for part in parts(schema):
    for key, values in (("default", [part.get("default")]), ("examples", part.get("examples", []))):
        if key in part and isinstance(part.get("description"), str):
            own = dict(part, definitions=schema["definitions"])
            for value in values:
                check(jsonschema.Draft7Validator(own).is_valid(value),
                      f"{key} {json.dumps(value)} of: {part['description']}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
PYTHON
