"""The style test's own test: a tree with one violation of every rule, and clean look-alikes.

A violation stands on the line that ends with a mark, `// !rule` (`# !rule` outside C++; the marks
are cut off before the check). Findings and marks must be the same, line for line: so a rule that
finds nothing fails, and so does one that finds too much.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import rules

LONG_BODY = '    step();\n' * 60
TEST_BODY = '    CHECK(holds());\n' * 100
WORD = 'TO' + 'DO'

# Path -> text. Words that the style test bans in itself are put together here.
TREE = {
    'meson.build': "executable('zabsim', 'cli/main.cpp')\n",
    'stray.txt': 'a left-over  !top-level\n',
    'README.md': f'An address: /{"home"}/me/x  !machine-path\nA bug: {WORD} later  !banned-word\n'
                 f'See ..{"/shared"}/design.md  !shared\nGet it from {"pypi"}.org  !registry\n'
                 'A path in the tree: tests/work/x, and one more word: TODOS.\n',
    'protocol/meson.build': "files(\n    'b.cpp',\n    'a.cpp',  !source-order\n    'c.cpp',\n"
                            "    'types/ensure.cpp',\n)\n",
    'protocol/types/ensure.cpp': 'int fine();  !stale-exemption\n',
    'protocol/forgotten.cpp': 'int f();  !unlisted-source\n',
    'protocol/once.hpp': 'struct Once {};  !pragma-once\n',
    'protocol/a.cpp': '''#include "sim/world/world.hpp"  !layering
#include "types/time.hpp"  !layering
#include <fmt/core.h>  !layering
#include <unistd.h>  !layering
#include "protocol/types/time.hpp"
#include <cstdio>  !io
#include <vector>
int role(Role role) {
    switch (role) {
        default: return 1;  !switch-default
    }
    throw 1;  !exception
    try {  !exception
    } catch (...) {  !exception
    }
    assert(true);  !assert
}
struct Defaulted { Defaulted() = default; };
''',
    'protocol/b.cpp': '#include <fmt/core.h>  !layering\n',
    'protocol/c.cpp': '''#define TWICE(x) ((x) * 2)  !macro
using namespace std;  !using-namespace
static int counter = 0;  !global
int plain;  !global
std::vector<int> braced{1, 2};  !global
const char* movable = "x";  !global
const char* const fixed = "x";
constexpr int four = 4;
inline const std::array<int, 2> table = {1, 2};
int declared(int a, std::function<int(int)> b = {});
using Number = int;
using number = int;  !name
struct lower {};  !name
template <typename kind>  !name
int mixedCase(Number odd_One);  !name
using iterator = const int*;
using value_type = int;
enum class Kind { one, two };
struct Shared {
    static int instances;  !global
    static constexpr int limit = 3;
    static Shared of(int a);
    int member = 0;
};
int next() {
    static int last = 0;  !global
    static const int step = 1;
    int local = 0;
    return last += step + local;
}
''',
    'sim/meson.build': "files(\n    'long.cpp',\n    'random.cpp',\n    'sizes.cpp',\n"
                       "    'time.cpp',\n    'world.cpp',\n)\n",
    'sim/random.cpp': '''#include <random>  !random
#include <cmath>  !float
#include <unordered_map>  !unordered
std::unordered_set<int> seen();  !unordered
int dice() { return std::rand(); }  !random
void mix(std::vector<int>& v) { std::shuffle(v.begin(), v.end(), g); }  !random
double half();  !float
const auto third = 0.33;  !float
const long billion = 1e9;  !float
const char* const text = "a double 1.5"; // a float, unordered_map, std::rand()
const int hex = 0x1e5 + 1'000;
const char* const raw = R"(double "x" { )";
std::map<Peer*, int> by_address();  !address
std::set<const Peer*> peers();  !address
std::size_t mixed(int x) { return std::hash<int>{}(x); }  !address
std::map<int, Peer*> by_id();
''',
    'sim/time.cpp': '''#include <thread>  !thread
#include <chrono>  !wall-clock
#include <locale>  !locale
#include "analysis/check/checker.hpp"  !layering
#include <nlohmann/json.hpp>  !layering
std::mutex& guard();  !thread
thread_local const int mine = 0;  !thread
long now() { return time(nullptr); }  !wall-clock
long wall() { return std::time(0); }  !wall-clock
auto tick() { return std::chrono::steady_clock::now(); }  !wall-clock
long virtual_now(const Clock& clock) { return clock.time(0); }
const char* home() { return std::getenv("HOME"); }  !environment
void speak() { std::setlocale(LC_ALL, ""); }  !locale
''',
    'sim/world.cpp': '#include "cli/options.hpp"  !layering\n#include <zstd.h>  !layering\n'
                     '#include "sim/trace/record.hpp"\n#include <fmt/core.h>\n',
    'sim/long.cpp': 'int line();  !file-length\n' + 'int line();\n' * 400,
    'sim/sizes.cpp': 'int brief() {\n' + LONG_BODY[:-len('    step();\n') * 2] + '}\n'
                     'void Peer::lengthy(int a = 3) const {  !function-length\n' + LONG_BODY + '}\n'
                     'Peer::Peer(int a) : a_{a}, b_(2), c_{3} {  !function-length\n'
                     + LONG_BODY + '}\n'
                     'const auto handler = [](int x) {  !function-length\n'
                     + LONG_BODY + '};\n'
                     'const std::array<Row, 70> rows = {{\n' + '    {1, 2},\n' * 70 + '}};\n'
                     'int outer() {  !function-length\n    each([](int x) {\n'
                     + LONG_BODY + '    });\n}\n',
    'sim/trace/meson.build': "files(\n    'writer.cpp',\n)\n",
    'sim/trace/writer.cpp': '#include "sim/clock/clock.hpp"  !layering\n'
                            '#include "protocol/peer.hpp"  !layering\n'
                            '#include "protocol/types/ids.hpp"\n#include <zstd.h>\n',
    'sim/scenario/meson.build': "files(\n    'loader.cpp',\n)\n",
    'sim/scenario/loader.cpp': '#include "sim/clock/clock.hpp"\n#include <nlohmann/json.hpp>\n',
    'analysis/meson.build': "files(\n    'check.cpp',\n)\n",
    'analysis/check.cpp': '#include "sim/clock/clock.hpp"  !layering\n'
                          '#include "protocol/peer.hpp"  !layering\n'
                          '#include "sim/trace/record.hpp"\ndouble mean();\n'
                          'int observed;  !global\n',
    'cli/meson.build': "files(\n    'main.cpp',\n    'other.cpp',\n)\n",
    'cli/main.cpp': '#include <CLI/CLI.hpp>\n#include <unistd.h>\nint interrupted = 0;\n',
    'cli/other.cpp': '#include <CLI/App.hpp>  !cli11-once\n'
                     '#include <doctest/doctest.h>  !layering\n',
    'tests/meson.build': "files(\n    'some_test.cpp',\n)\n",
    'tests/some_test.cpp': '#define DOCTEST_CONFIG\nTEST_CASE("of a hundred lines") {\n'
                           + TEST_BODY + '}\nTEST_CASE("too long") {  !function-length\n'
                           + TEST_BODY * 2 + '}\n'
                           'using namespace zab;  !using-namespace\n',
    'tests/form.py': 'x = 1\n\ty = 2  !tab\n' + f'z = "{"z" * 100}"  !columns\n' + 'last = 1',
    'tests/spaces.sh': 'echo  \n',
    'tests/paths.sh': '# See tests/some_test.cpp.\n# See tests/no_test.cpp.  !dead-path\n'
                      '# Of a build: tests/no_test.cpp.o; of a commit: HEAD:tests/no.py\n'
                      f'# As the {"design"} §4 says.  !shared\n'
                      f'# Like reference{"/x"}.md.  !shared\n',
}
# Marks are trimmed with the blanks before them, so these two are named here.
UNMARKED = {('tests/form.py', 4, 'final-newline'), ('tests/spaces.sh', 1, 'trailing-space')}
MARK = re.compile(r'[ \t]+!([a-z0-9-]+)$', re.MULTILINE)


def plant(root):
    """Writes the tree without its marks; returns what must be found in it."""
    expected = set(UNMARKED)
    for path, text in TREE.items():
        for number, line in enumerate(text.split('\n'), 1):
            mark = MARK.search(line)
            if mark:
                expected.add((path, number, mark[1]))
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(MARK.sub('', text))
    return expected


def rule_names():
    """Every rule that the sources name, so that a new one cannot go without a plant."""
    names = {rule for rule, *_ in rules.PATTERNS}
    folder = os.path.dirname(os.path.abspath(__file__))
    for source in ('rules.py', 'check.py'):
        with open(os.path.join(folder, source), encoding='utf-8') as file:
            text = file.read()
        names |= set(re.findall(r"yield [\w.()]+(?:, \w+)?, '([a-z0-9-]+)'", text))
        names |= set(re.findall(r"yield file\.path, 1, '([a-z0-9-]+)'", text))
        names |= set(re.findall(r"findings\.append\(\(path, 1, '([a-z0-9-]+)'", text))
    return names


def self_test():
    root = tempfile.mkdtemp(prefix='style-self-test-')
    try:
        expected = plant(root)
        check = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'check.py')
        ran = subprocess.run([sys.executable, check, '--root', root], capture_output=True,
                             text=True, check=False)
    finally:
        shutil.rmtree(root)
    lines = ran.stdout.splitlines()
    found = {(m[1], int(m[2]), m[3]) for m in map(re.compile(
        r'([^:]+):(\d+): ([a-z0-9-]+): .').match, lines[:-1]) if m}
    problems = [f'missed: {path}:{line}: {rule}' for path, line, rule in sorted(expected - found)]
    problems += [f'false alarm: {path}:{line}: {rule}'
                 for path, line, rule in sorted(found - expected)]
    problems += [f'no plant for rule {rule}'
                 for rule in sorted(rule_names() - {rule for _, _, rule in expected})]
    if ran.returncode != 1:
        problems.append(f'exit code {ran.returncode} with findings, expected 1')
    if not lines or lines[-1] != f'style: {len(TREE)} files checked, {len(lines) - 1} findings':
        problems.append(f'last line: {lines[-1:]}')
    for problem in problems:
        print(problem)
    print(ran.stderr, end='')
    print(f'style self-test: {len(expected)} violations planted, {len(rule_names())} rules, '
          f'{len(problems)} problems')
    return 1 if problems else 0
