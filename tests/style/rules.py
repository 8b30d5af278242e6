"""The style rules. Each takes a SourceFile and yields (line, rule, explanation)."""

import re

import cpp_text

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_TEST_CASE_LINES = 120
MAX_COLUMNS = 100

# What may be broken where, and why. An entry that nothing needs any more is itself a finding,
# but for those in MAY_BE_UNUSED.
EXEMPT = {
    ('protocol/types/ensure.cpp', 'thread'):
        'the handler of a failed ensure is per thread and holds no simulated state',
    ('protocol/types/ensure.cpp', 'global'): 'the same variable',
    ('protocol/types/ensure.cpp', 'io'): 'it prints the reason before the process ends',
    ('.ci/run', 'shared'): 'CI may have a folder of that name beside the clone',
}

MAY_BE_UNUSED = {('.ci/run', 'shared')}

# Which layers a layer may include, besides itself, and which libraries.
LAYERS = {
    'types': (set(), set()),
    'protocol': ({'types'}, set()),
    'trace': ({'types'}, {'fmt', 'zstd', 'posix'}),  # It closes and renames its files itself.
    'sim': ({'types', 'protocol', 'trace'}, {'fmt'}),
    'scenario': ({'types', 'protocol', 'trace', 'sim'}, {'fmt', 'nlohmann'}),
    'analysis': ({'types', 'trace'}, {'fmt', 'nlohmann'}),
    'cli': ({'types', 'protocol', 'trace', 'sim', 'scenario', 'analysis'},
            {'fmt', 'nlohmann', 'CLI', 'posix'}),
    'tests': ({'types', 'protocol', 'trace', 'sim', 'scenario', 'analysis', 'cli'},
              {'fmt', 'nlohmann', 'CLI', 'zstd', 'posix', 'doctest'}),
}
LAYERS['sim'][0].add('scenario')  # One library; only its loader may include JSON.
FOLDERS = [('protocol/types/', 'types'), ('protocol/', 'protocol'), ('sim/trace/', 'trace'),
           ('sim/scenario/', 'scenario'), ('sim/', 'sim'), ('analysis/', 'analysis'),
           ('cli/', 'cli'), ('tests/', 'tests')]

TOP_LEVEL = {'meson.build', 'README.md', 'LICENSE', 'sim', 'protocol', 'scenarios', 'analysis',
             'cli', 'tests'}

DETERMINISTIC = ('types', 'protocol', 'trace', 'sim', 'scenario')
PROTOCOL = ('types', 'protocol')
EVERYWHERE = tuple(LAYERS)
NO_TESTS = tuple(layer for layer in LAYERS if layer != 'tests')

FLOAT_LITERAL = (r"(?<![\w.'])(?:\d[\d']*\.[\d']*(?:[eE][+-]?\d+)?|\.\d[\d']*(?:[eE][+-]?\d+)?"
                 r"|\d[\d']*[eE][+-]?\d+)")

# rule, layers, pattern (searched in code without comments and strings), explanation
PATTERNS = [
    ('unordered', DETERMINISTIC, r'\bunordered_\w+',
     'the order of an unordered container depends on the library'),
    ('random', DETERMINISTIC,
     r'#\s*include\s*<random>|\bs?rand\s*\(|\bstd::(shuffle|sample|random_\w+|mt19937\w*|\w+_engine'
     r'|\w+_distribution)\b', 'draw with sim/random: the library\'s generators differ'),
    ('float', DETERMINISTIC,
     r'\b(float|double)\b|#\s*include\s*<(cmath|math\.h|numbers|complex)>|\b(stof|stod|stold|atof'
     r'|strto[fd])\b|' + FLOAT_LITERAL, 'no floating point in what reaches the trace'),
    ('thread', DETERMINISTIC,
     r'#\s*include\s*<(thread|mutex|shared_mutex|atomic|future|condition_variable|semaphore|latch'
     r'|barrier|stop_token|pthread\.h)>|\bstd::(j?thread|mutex|atomic\w*|async|future)\b'
     r'|\bthread_local\b|\bvolatile\b', 'a world is driven by one thread'),
    ('wall-clock', DETERMINISTIC,
     r'#\s*include\s*<(chrono|ctime|time\.h|sys/time\.h)>|\bstd::chrono\b|\b(system|steady'
     r'|high_resolution|utc)_clock\b|\bclock_gettime\b|\bgettimeofday\b'
     r'|\bstd::(time|clock)\s*\(|(?<![\w.>:])time\s*\(\s*(0|NULL|nullptr|&)',
     'time comes as an argument, from the virtual clock'),
    ('environment', DETERMINISTIC, r'\b(secure_)?getenv\b', 'a run depends on its scenario only'),
    ('locale', DETERMINISTIC,
     r'#\s*include\s*<(locale|clocale|cctype|locale\.h|ctype\.h)>|\bstd::locale\b|\bsetlocale\b',
     'the locale of the machine must not matter'),
    ('address', DETERMINISTIC,
     r'\bu?intptr_t\b|\bstd::hash\b|\b(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?[\w:]+'
     r'(?:<[^<>]*>)?(?:\s+const)?\s*\*|\b(?:less|greater)\s*<\s*[^<>]*\*\s*>',
     'addresses (and std::hash) differ between runs and libraries: key by a declared id'),
    ('io', PROTOCOL,
     r'#\s*include\s*<(cstdio|stdio\.h|iostream|fstream|sstream|iomanip|filesystem|print)>'
     r'|\bstd::(cout|cerr|clog|printf|fprintf|puts)\b', 'the protocol does no I/O'),
    ('switch-default', PROTOCOL, r'\bdefault\s*:(?!:)',
     'list every enumerator, so that the compiler finds the one that was forgotten'),
    ('exception', PROTOCOL, r'\b(throw|try|catch)\b', 'no exceptions from protocol'),
    ('using-namespace', EVERYWHERE, r'\busing\s+namespace\b', 'name what is used'),
    ('macro', NO_TESTS, r'^\s*#\s*define\b', 'no macros outside tests'),
    ('assert', NO_TESTS, r'\bassert\s*\(|#\s*include\s*<(cassert|assert\.h)>',
     'use ensure: it is alive in every build'),
    # What clang-tidy's naming check would take minutes for: it judges each name of each header.
    ('name', EVERYWHERE,
     r'\b(?!setAs[sD]|assertType\b)[a-z]\w*[A-Z]\w*|\b[A-Z][a-z]\w*_\w*'
     r'|\b(?:class|struct|union|enum class)\s+[a-z]\w*(?=\s*(?:[:;{]|final\b))'
     r'|\busing\s+(?!iterator\b|\w+_(?:type|category|concept)\b)[a-z]\w*\s*='
     r'|\btypename\s+[a-z]\w*(?=\s*[,>=])',
     'types and their parameters are CamelCase, all else is lower_case'),
]
PATTERNS = [(rule, layers, re.compile(pattern), why) for rule, layers, pattern, why in PATTERNS]

STANDARD_HEADER = re.compile(r'[a-z_0-9]+$')
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]*)[>"]')

# Written in pieces, so that this file does not break its own rules.
BANNED_WORDS = re.compile(r'\b(' + '|'.join(['TO' 'DO', 'FIX' 'ME', 'X' 'XX', 'HA' 'CK']) + r')\b')
MACHINE_PATHS = re.compile(r'(?<![\w.}~])/(' + '|'.join(['work', 'home', 'root', 'farm']) + r')/')
SHARED = re.compile(r'\.\./' r'shared\b|\bdesign §|(?<![\w/])reference/[\w-]+\.md\b')
# A file of the tree, named in text.
TREE_PATH = re.compile(r'(?<![\w/.:$-])(?:sim|protocol|analysis|cli|tests|scenarios)/[\w/-]+'
                       r'(?:\.\w+)*\.(?:hpp|cpp|py|sh|md)\b(?!\.\w)')
REGISTRIES = re.compile('|'.join(
    re.escape('.'.join(name)) for name in [
        ('deb', 'debian', 'org'), ('security', 'debian', 'org'), ('npmjs', 'org'),
        ('npmjs', 'com'), ('pypi', 'org'), ('pythonhosted', 'org'), ('crates', 'io'),
        ('proxy', 'golang', 'org'), ('repo', 'maven'), ('conan', 'io')]))


def layer_of(path):
    return next((layer for folder, layer in FOLDERS if path.startswith(folder)), None)


def text_rules(file):
    """For every text file."""
    for number, line in enumerate(file.lines, 1):
        if BANNED_WORDS.search(line):
            yield number, 'banned-word', 'write down what is true now, or file an issue'
        if MACHINE_PATHS.search(line):
            yield number, 'machine-path', 'this path exists on one machine only'
        if SHARED.search(line):
            yield number, 'shared', 'nobody who clones the project has this folder'
        if REGISTRIES.search(line):
            yield number, 'registry', 'do not name the hosts of package registries'


def form_rules(file):
    """For everything that people write: code, scripts, build files."""
    for number, line in enumerate(file.lines, 1):
        if '\t' in line:
            yield number, 'tab', 'indent with spaces'
        if line != line.rstrip():
            yield number, 'trailing-space', 'white space (or a carriage return) ends the line'
        if len(line) > MAX_COLUMNS and not file.path.endswith(('.md', '.json')):
            yield number, 'columns', f'{len(line)} columns, at most {MAX_COLUMNS}'
    if file.text and not file.text.endswith('\n'):
        yield len(file.lines), 'final-newline', 'the last line has no end'


def place_rules(file):
    top = file.path.split('/')[0]
    if not top.startswith('.') and top not in TOP_LEVEL:
        yield 1, 'top-level', f'{top} has no place in the top folder (see TOP_LEVEL in rules.py)'


def include_rules(file):
    for number, line in enumerate(file.lines, 1):
        include = INCLUDE.match(line)
        if include is None:
            continue
        why = _why_not_quoted(file, include[2]) if include[1] == '"' else \
            _why_not_library(file, include[2])
        if why:
            yield number, 'layering', why
    if file.path.endswith('.hpp') and '#pragma once' not in file.lines:
        yield 1, 'pragma-once', 'a header starts with #pragma once'


def _why_not_quoted(file, included):
    target = layer_of(included)
    if target is None or '..' in included:
        return f'write "{included}" from the project root (a library\'s header: <{included}>)'
    if target != file.layer and target not in LAYERS[file.layer][0]:
        return f'{file.layer} must not include {target} (see LAYERS in rules.py)'
    return None


def _why_not_library(file, included):
    if STANDARD_HEADER.match(included):
        return None
    if layer_of(included):
        return f'write "{included}": it is the project\'s own'
    library = included.split('/')[0].removesuffix('.h')
    library = library if library in ('fmt', 'nlohmann', 'CLI', 'zstd', 'doctest') else 'posix'
    if library in LAYERS[file.layer][1]:
        return None
    return f'{file.layer} must not include <{included}> (see LAYERS in rules.py)'


def size_rules(file):
    if len(file.lines) > MAX_FILE_LINES:
        yield 1, 'file-length', f'{len(file.lines)} lines, at most {MAX_FILE_LINES}'
    for function in file.outline.functions:
        limit = MAX_TEST_CASE_LINES if function.is_test_case else MAX_FUNCTION_LINES
        if function.lines > limit:
            yield function.first_line, 'function-length', \
                f'{function.lines} lines, at most {limit}: {function.head[:60]}'


def pattern_rules(file):
    for rule, layers, pattern, why in PATTERNS:
        if file.layer not in layers:
            continue
        for number, line in enumerate(file.blanked_lines, 1):
            found = pattern.search(line)
            if found:
                yield number, rule, f'"{found[0].strip()}": {why}'


def global_rules(file):
    """No variables that outlive a world: worlds must not know of each other."""
    if file.layer in ('cli', 'tests'):
        return
    for statement in file.outline.statements:
        if _is_global(statement):
            yield statement.line, 'global', \
                f'"{statement.text[:50]}" can change and outlives the world: no globals'


def _is_global(statement):
    text = re.sub(r'^((public|private|protected)\s*:(?!:)\s*|__extension__\s+)+', '',
                  statement.text)
    is_static = re.match(r'(\w+ )*static\b|(\w+ )*thread_local\b', text) is not None
    if statement.scope != 'namespace' and not is_static:
        return False
    if re.match(r'(using|typedef|namespace|template|friend|static_assert|extern|class|struct|enum'
                r'|union|concept|return|asm)\b|#', text):
        return False
    if re.search(r'\b(constexpr|consteval)\b', text):
        return False
    declarator = cpp_text.simplified(text).partition('=')[0]
    if '§' in declarator or not re.search(r'\w\s+[*&]*\w|[>*&\]]\s*\w|static\s', text):
        return False
    pointer = declarator.rpartition('*')
    if pointer[1]:
        return re.search(r'\bconst\b', pointer[2]) is None
    return re.search(r'\bconst\b', declarator) is None


def tree_rules(files):
    """What only the whole tree shows: yields (path, line, rule, explanation)."""
    cli11 = [f for f in files if f.is_cpp and any('<CLI/' in line for line in f.lines)]
    for file in cli11[1:]:
        yield file.path, 1, 'cli11-once', f'{cli11[0].path} has this slow header already'
    build_files = {f.path: f for f in files if f.path.endswith('meson.build')}
    for path, file in build_files.items():
        previous = ''
        for number, line in enumerate(file.lines, 1):
            listed = re.match(r"\s+('[^']*\.cpp'),$", line)
            if listed and listed[1] < previous:
                yield path, number, 'source-order', f'{listed[1]} stands after {previous}'
            previous = listed[1] if listed else ''
    for file in files:
        if file.path.endswith('.cpp') and not _is_listed(file.path, build_files):
            yield file.path, 1, 'unlisted-source', 'no meson.build lists it, so nothing compiles it'


def path_rules(files):
    """A file that a text names exists. Includes are the compiler's business."""
    present = {file.path.removesuffix('.in') for file in files}  # Or is made when it is built.
    for file in files:
        if file.path.startswith('tests/style/'):
            continue  # It plants files that do not exist.
        for number, line in enumerate(file.lines, 1):
            dead = [] if INCLUDE.match(line) else set(TREE_PATH.findall(line)) - present
            for path in sorted(dead):
                yield file.path, number, 'dead-path', f'there is no {path}'


def _is_listed(path, build_files):
    folder = path
    while folder:
        folder = folder.rpartition('/')[0]
        build = build_files.get(f'{folder}/meson.build' if folder else 'meson.build')
        inside = path[len(folder) + 1:] if folder else path
        if build and f"'{inside}'" in build.text:
            return True
    return False


CPP_RULES = [include_rules, size_rules, pattern_rules, global_rules]
