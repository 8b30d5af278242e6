"""Just enough C++ to check style: code without comments and strings, and its brace scopes."""

import re
from dataclasses import dataclass, field

RAW_STRING = re.compile(r'(?:u8|[uUL])?R"([^()\\\s]{0,16})\(')


def blank(text):
    """`text` with comments, strings and characters overwritten by blanks, line for line."""
    out = []
    at = 0
    while at < len(text):
        end = _end_of_token(text, at)
        if end is None:
            out.append(text[at])
            at += 1
            continue
        keep_quotes = text[at] == '"' and end - at >= 2
        hidden = re.sub(r'[^\n]', ' ', text[at:end])
        out.append('"' + hidden[1:-1] + '"' if keep_quotes else hidden)
        at = end
    return ''.join(out)


def _end_of_token(text, at):
    """Where the comment or literal that starts at `at` ends; None when none starts there."""
    two = text[at:at + 2]
    if two == '//':
        return _find(text, '\n', at)
    if two == '/*':
        return _find(text, '*/', at + 2, past=True)
    char = text[at]
    before = text[at - 1] if at else ' '
    if char in 'RuUL' and not _is_word(before):
        raw = RAW_STRING.match(text, at)
        if raw:
            return _find(text, ')' + raw.group(1) + '"', raw.end(), past=True)
    if char == '"':
        return _end_of_quoted(text, at)
    if char == "'" and not (before.isalnum() and at + 1 < len(text) and text[at + 1].isalnum()):
        return _end_of_quoted(text, at)  # Else a digit separator: 1'000.
    return None


def _find(text, what, start, past=False):
    found = text.find(what, start)
    if found < 0:
        return len(text)
    return found + (len(what) if past else 0)


def _end_of_quoted(text, at):
    quote = text[at]
    end = at + 1
    while end < len(text) and text[end] not in (quote, '\n'):
        end += 2 if text[end] == '\\' else 1
    return min(end + 1, len(text))


def _is_word(char):
    return char.isalnum() or char == '_'


@dataclass
class Function:
    head: str
    first_line: int
    last_line: int = 0
    is_test_case: bool = False

    @property
    def lines(self):
        return self.last_line - self.first_line + 1


@dataclass
class Statement:
    scope: str  # namespace, class or function
    text: str
    line: int


@dataclass
class Scope:
    kind: str  # namespace, class, function, block or data
    function: Function = None
    head: str = ''
    head_line: int = 0
    parens: int = 0


@dataclass
class Outline:
    functions: list = field(default_factory=list)
    statements: list = field(default_factory=list)


def outline(blanked):
    """The functions and statements of blanked code. A function holds its lambdas and blocks."""
    result = Outline()
    scopes = [Scope('namespace')]
    line = 1
    for char in _without_directives(blanked):
        scope = scopes[-1]
        if char == '{':
            scopes.append(_opened(scope, line))
        elif char == '}' and len(scopes) > 1:
            scopes.pop()
            _close(scope, scopes[-1], line, result)
        elif char == ';' and scope.parens == 0:
            _end_statement(scope, result)
        else:
            _extend(scope, char, line)
        line += char == '\n'
    return result


def _without_directives(blanked):
    """Preprocessor lines (and their continuations) as blank lines."""
    return re.sub(r'(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: '\n' * m.group().count('\n'),
                  blanked)


def _extend(scope, char, line):
    if char == '(':
        scope.parens += 1
    elif char == ')':
        scope.parens -= 1
    if not scope.head.strip() and not char.isspace():
        scope.head, scope.head_line = '', line
    scope.head += char


def _end_statement(scope, result):
    if scope.head.strip() and scope.kind != 'data':
        kind = 'function' if scope.kind == 'block' else scope.kind
        result.statements.append(Statement(kind, ' '.join(scope.head.split()), scope.head_line))
    scope.head = ''


def _opened(scope, line):
    if scope.kind in ('function', 'block'):
        return Scope('block')
    if scope.kind == 'data' or scope.parens > 0:
        return Scope('data')
    kind = _kind_of_braces(' '.join(scope.head.split()))
    if kind != 'function':
        return Scope(kind)
    head = ' '.join(scope.head.split())
    first_line = scope.head_line if head else line
    is_test = re.match(r'(TEST_CASE|SCENARIO)\w*', head) is not None
    return Scope('function', Function(head, first_line, is_test_case=is_test))


def _close(closed, parent, line, result):
    if closed.kind == 'function':
        closed.function.last_line = line
        result.functions.append(closed.function)
    if closed.kind == 'data':
        parent.head += '{}'  # An initializer: the declaration goes on.
    elif closed.kind == 'block' and (parent.parens > 0 or _is_initializer(parent.head)):
        parent.head += '{}'
    else:
        parent.head = ''


def _is_initializer(head):
    return re.match(r'\s*(static|thread_local|const|constexpr|auto)\b', head) is not None


def _kind_of_braces(head):
    """What the brace after `head` opens, at namespace or class scope."""
    if re.match(r'(inline )?namespace\b|extern ""$|TEST_SUITE', head):
        return 'namespace'
    plain = simplified(head)
    if re.match(r'((typedef|static|constexpr|inline) )*(class|struct|union|enum)\b', plain):
        return 'class' if '=' not in plain else 'data'
    if '§' not in plain:
        return 'data'
    declarator, equals, value = plain.partition('=')
    if equals:
        return 'function' if re.search(r'\]\s*§[^,]*$|\]\s*$', value) else 'data'
    if re.search(r'§[^:]*:(?!:)', declarator) and re.search(r'[\w>]$', declarator):
        return 'data'  # The brace of a member in a constructor's initializer list.
    return 'function'


def simplified(head):
    """`head` without template prefix, attributes and operator names; § for (...), <> for <...>."""
    text = re.sub(r'::', '∷', head)
    text = re.sub(r'\boperator\s*(\(\s*\)|\[\s*\]|[^\s\w(]+)', 'operator_', text)
    text = text.replace('->', '→').replace('<<', '«').replace('>=', '≥').replace('<=', '≤')
    text = re.sub(r'==|!=', '≡', text)
    text = re.sub(r'\[\[.*?\]\]|^(public|private|protected):', ' ', text)
    text = _collapse(text, r'\([^()]*\)', '§')
    text = _collapse(text, r'<[^<>]*>', '')
    text = re.sub(r'\b(alignas|decltype|noexcept|explicit|requires)\s*§', r'\1', text)
    text = re.sub(r'^\s*((public|private|protected)\s*:(?!:)|template)\s*', '', text.strip())
    return re.sub(r'^(requires\s+[\w∷]+\s+)', '', text).replace('∷', '::').strip()


def _collapse(text, pattern, by):
    before = None
    while before != text:
        before, text = text, re.sub(pattern, by, text)
    return text
