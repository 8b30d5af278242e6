"""Reads a file of measured cases and refuses what is malformed, with the place of the mistake."""

import json
import math


class CaseError(Exception):
    """What is wrong with a case file, and where."""


def number(value):
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_one and math.isfinite(value) and value >= 0


def integer(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return f'expected an integer from {low} to {high}'
        return None
    return check


def real(value):
    return None if number(value) else 'expected a number, not negative'


def _share(value):
    return None if number(value) and value <= 1 else 'expected a number from 0 to 1'


def text(value):
    return None if isinstance(value, str) and value else 'expected a text'


def flag(value):
    return None if isinstance(value, bool) else 'expected true or false'


def _note(value):
    return None if isinstance(value, str) else 'expected a text'


def one_of(*words):
    def check(value):
        return None if value in words else 'expected one of ' + ', '.join(map(repr, words))
    return check


def _list_of(check_element):
    def check(value):
        if not isinstance(value, list):
            return 'expected a list'
        wrong = [check_element(element) for element in value]
        return next((reason for reason in wrong if reason), None)
    return check


def _some_of(check_element):
    def check(value):
        return (_list_of(check_element)(value) if value else 'expected at least one') \
            if isinstance(value, list) else check_element(value)
    return check


def an_object(value):
    return None if isinstance(value, dict) else 'expected an object'


def _anything(_):
    return None  # _matrix knows of how many servers.


def _figures(value):
    """A distribution: percentiles and, where there are few of them, the samples."""
    if not isinstance(value, dict):
        return 'expected an object with p50, p90 and so on'
    if not number(value.get('p50')):
        return 'expected a number p50'
    for key in ('n', 'mean', 'min', 'p10', 'p90', 'p99', 'max'):
        if key in value and not number(value[key]):
            return f'{key} is not a number'
    samples = value.get('samples', [])
    if not isinstance(samples, list) or not all(map(number, samples)):
        return 'samples is not a list of numbers'
    return None


def _rounds(value):
    if not isinstance(value, list) or not all(isinstance(r, dict) for r in value):
        return 'expected a list of objects'
    for entry in value:
        for key in ('killed', 'client_at', 'leader'):
            if entry.get(key) is not None and integer(1, 255)(entry[key]):
                return f'{key}: expected the id of a server'
    return None


def _phases(value):
    if not isinstance(value, dict) or not value:
        return 'expected an object of phases'
    wrong = ((name, _figures(figures)) for name, figures in value.items())
    return next((f'{name}: {reason}' for name, reason in wrong if reason), None)


def _config(value):
    if not isinstance(value, dict):
        return 'expected an object'
    checks = {'tickTime': integer(1, 3_600_000), 'initLimit': integer(1, 1_000_000),
              'syncLimit': integer(1, 1_000_000), 'forceSync': flag}
    for key, check in checks.items():
        wrong = check(value.get(key)) if key in value or key == 'tickTime' else None
        if wrong:
            return f'{key}: {wrong}'
    return None


ID = integer(1, 255)
PAYLOAD = integer(0, (1 << 20) - 1)  # jute.maxbuffer: what a client may write at once.
_EVERYWHERE = ('all', 'every', 'each', 'everywhere')
_WORLD = {'servers': ID, 'delays_ms': _anything, 'config': _config}
_LOAD = {'leader': ID, 'client_at': _some_of(ID), 'client_delay_ms': real,
         'connections': integer(1, 100_000), 'outstanding': integer(1, 100_000),
         'op': text, 'payload': PAYLOAD, 'secs': real}
_KILL = {**_WORLD, 'client': text, 'ms': _figures}
_WHO = {'leader': ID, 'client_at': ID, 'gap_ms': real, 'outstanding': integer(1, 100_000),
        'rounds': _rounds}

# What each kind of case must have, and what it may have besides.
KINDS = {
    'latency': ({**_WORLD, **_LOAD},
                {'ms': _figures, 'read_ms': _figures, 'rate': real, 'ratio': _share,
                 'keys': integer(1, 10_000_000), 'ops_per_s': real,
                 'cpu_s': an_object, 'wall_s': real}),
    'failover-kill-leader': (_KILL, {**_WHO, 'killed': ID, 'phases_ms_after_kill': _phases}),
    'failover-kill-follower': (_KILL, {**_WHO, 'killed': ID, 'result': an_object}),
    'failover-partition-leader': (_KILL, {**_WHO, 'phases_ms_after_cut': _phases}),
    'election': ({**_WORLD, 'description': text, 'result': an_object}, {'seconds': real}),
    'restart-stall': ({**_WORLD, 'description': text, 'result': an_object}, {}),
    'session-expiry': ({**_WORLD, 'leader': ID, 'client_at': ID, 'ms': _figures,
                        'requested_timeout': integer(1, 86_400_000),
                        'mode': one_of('fin', 'silent')},
                       {'negotiated_timeout': integer(1, 86_400_000),
                        'samples': _list_of(real)}),
    'session-close': ({**_WORLD, 'leader': ID, 'client_at': ID, 'ms': _figures}, {}),
    'watch': ({**_WORLD, 'leader': ID, 'writer_at': ID, 'watchers': integer(1, 1_000_000),
               'watchers_at': _some_of(ID), 'ms': _figures},
              {'payload': PAYLOAD, 'writer_reply_ms': _figures, 'first_ms': _figures}),
    'disk': ({'payload': integer(1, 1 << 30), 'ms': _figures}, {}),
}

# What every case with servers may say besides.
ANY_WORLD = {'jitter_ms': real, 'client_delay_ms': real, 'observers': _list_of(ID)}
# Measured, told in the file, and not compared.
RESULTS = {'errors', 'ops_total', 'client_cpu_s', 'cpu_s', 'wall_s', 'each_ms', 'incomplete',
           'event_before_reply', 'reply_before_event'}
CONFIG = {'tickTime', 'initLimit', 'syncLimit', 'forceSync', 'observers', 'props'}


# What a case leaves out means.
DEFAULTS = {
    'latency': {'connections': 1, 'outstanding': 1, 'client_delay_ms': 0, 'op': 'set',
                'payload': 100, 'secs': 3},
}
_PURE_READS = ('get', 'exists', 'sync', 'syncget')


def _complete(case):
    """Fills in what a case leaves out, or says in a word."""
    for key, value in DEFAULTS.get(case['kind'], {}).items():
        case.setdefault(key, value)
    size = case.get('servers')
    if integer(1, 255)(size):
        return
    config = case.get('config') if isinstance(case.get('config'), dict) else {}
    case['observers'] = case.get('observers') or config.get('observers') or []
    is_list = isinstance(case['observers'], list)
    voters = [i for i in range(1, size + 1) if is_list and i not in case['observers']]
    if 'leader' in KINDS[case['kind']][0] and case.get('leader') is None and voters:
        case['leader'] = max(voters)
    for key in ('client_at', 'watchers_at'):
        if case.get(key) in _EVERYWHERE:
            case[key] = list(range(1, size + 1))
    if isinstance(case.get('watchers_at'), int):
        case['watchers_at'] = [case['watchers_at']]
    if case.get('op') in _PURE_READS and 'ms' in case and 'read_ms' not in case:
        case['read_ms'] = case.pop('ms')


def _matrix(case, place):
    rows, size = case['delays_ms'], case['servers']
    square = isinstance(rows, list) and len(rows) == size and \
        all(isinstance(row, list) and len(row) == size for row in rows)
    if not square:
        raise CaseError(f'{place}.delays_ms: expected {size} rows of {size} delays')
    for i, row in enumerate(rows):
        for j, delay in enumerate(row):
            if not number(delay) or delay > 60_000:
                raise CaseError(f'{place}.delays_ms[{i}][{j}]: expected milliseconds up to 60000')


def _servers(case, place):
    size = case['servers']
    observers = case['observers']
    if observers != (case['config'].get('observers') or observers):
        raise CaseError(f'{place}.observers: others than those of config.observers')
    if _list_of(integer(1, size))(observers) or len(set(observers)) == size:
        raise CaseError(f'{place}.observers: expected ids from 1 to {size}, not all servers')
    for key in ('leader', 'client_at', 'writer_at', 'watchers_at', 'killed'):
        ids = case.get(key, [])
        for server in ids if isinstance(ids, list) else [ids]:
            if server > size:
                raise CaseError(f'{place}.{key}: no server {server} of {size}')
    if case.get('leader') in observers:
        raise CaseError(f'{place}.leader: an observer cannot lead')


def _of_rounds(case, place):
    """Whom a fail-over and its rounds name are voters, and of three at least."""
    if not case['kind'].startswith('failover'):
        return
    voters = [i for i in range(1, case['servers'] + 1) if i not in case['observers']]
    if len(voters) < 3:
        raise CaseError(f'{place}.servers: a fail-over needs three voters')
    entries = [(f'.rounds[{i}]', r) for i, r in enumerate(case.get('rounds', []))]
    for where, entry in [('', case), *entries]:
        for key in ('killed', 'client_at', 'leader'):
            is_free = key == 'client_at' and entry.get(key) in case['observers']
            if entry.get(key) is not None and entry[key] not in voters and not is_free:
                raise CaseError(f'{place}{where}.{key}: no voter {entry[key]}')


def check_keys(case, place, needed, optional):
    """Both: key -> what is wrong with a value, or None. CaseError of the first that is."""
    for key, check in {**needed, **optional}.items():
        if key in needed and key not in case:
            raise CaseError(f'{place}: {key} is missing')
        reason = check(case[key]) if key in case else None
        if reason:
            raise CaseError(f'{place}.{key}: {reason}')


def check_case(case, place):
    """A case of the form of real-zookeeper.json; fills in what it leaves out."""
    place = f'{place} ({case["id"]})'
    if not isinstance(case.get('kind'), str) or case['kind'] not in KINDS:
        known = ', '.join(KINDS)
        raise CaseError(f'{place}.kind: {case.get("kind")!r} is no kind of case; known: {known}')
    needed, optional = KINDS[case['kind']]
    _complete(case)
    world = ANY_WORLD if 'servers' in needed else {}
    check_keys(case, place, needed, {'note': _note, **world, **optional})
    if 'servers' in needed:
        _matrix(case, place)
        _servers(case, place)
        _of_rounds(case, place)
    if case['kind'] == 'latency' and not ('ms' in case or 'read_ms' in case):
        raise CaseError(f'{place}: neither ms nor read_ms')


def unread(case, settings):
    """Keys of a case that nothing reads: what they say of its world is not predicted. `settings`:
    keys of `config` that somebody knows."""
    needed, optional = KINDS[case['kind']]
    known = {'id', 'kind', 'note', *needed, *optional, *ANY_WORLD, *RESULTS}
    return [key for key in case if key not in known] + \
        [f'config.{key}' for key in case.get('config', {}) if key not in CONFIG | settings]


def load(path, check=check_case):
    """The cases of a file and the mistakes in those that cannot be compared, which `check(case,
    place)` raises as CaseError; CaseError of a file that is none."""
    try:
        with open(path, encoding='utf-8') as file:
            document = json.load(file)
    except OSError as error:
        raise CaseError(f'{path}: {error.strerror}') from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        where = f':{error.lineno}:{error.colno}' if hasattr(error, 'lineno') else ''
        raise CaseError(f'{path}{where}: no JSON: {error}') from error
    cases = document.get('cases') if isinstance(document, dict) else None
    if not isinstance(cases, list) or not cases:
        raise CaseError(f'{path}: expected an object with a list "cases" that is not empty')
    return _sort(cases, path, check)


def _sort(cases, path, check):
    """(cases that can be compared, [(id, what is wrong with it)] of the others)."""
    sound, broken, seen = [], [], set()
    for index, case in enumerate(cases):
        place = f'{path}: cases[{index}]'
        try:
            if not isinstance(case, dict):
                raise CaseError(f'{place}: expected an object')
            if text(case.get('id')):
                raise CaseError(f'{place}.id: expected a text')
            check(case, place)
            if case['id'] in seen:
                raise CaseError(f'{place}.id: {case["id"]} is given twice')
        except (CaseError, TypeError, ValueError, LookupError, AttributeError) as error:
            name = case.get('id') if isinstance(case, dict) else None
            broken.append((place if text(name) else name,
                           str(error) if isinstance(error, CaseError) else f'{place}: {error!r}'))
            continue
        seen.add(case['id'])
        sound.append(case)
    return sound, broken
