"""Cases of kind election and restart-stall: who wins, how learners are synchronized, and whether
the start stalls.

A case tells its last start by what its logs said: the zxid with which each server began to look
for a leader, and how long it looked. Servers without either served all the while."""

import re

import case_file
import measure
import scenario

QUICK, FULL = 100, 500
SERVING_S, JOIN_S = 3.0, 5.0
# Until an ensemble serves, counted from the end of its slowest member's election.
LATE_MS = 2_500
WRITERS = 10  # How many writes are on their way at once, of those that come before the start.
STALL_MS = 5_000
NEVER_S = 999  # Until all serve, of a start that never came so far.
ROLES = {'leader': 'leader', 'leading': 'leader', 'follower': 'follower', 'following': 'follower',
         'observer': 'observer', 'observing': 'observer', 'looking': 'looking', 'down': 'down',
         None: 'down'}
MODES = {'diff': 'DIFF', 'snapshot': 'SNAP', 'trunc': 'TRUNC'}


def _zxid(text, place):
    if not isinstance(text, str) or not re.fullmatch(r'0x[0-9a-fA-F]{1,16}', text):
        raise case_file.CaseError(f'{place}: {text!r} is no zxid such as "0x100000007"')
    value = int(text, 16)
    if value >> 63:
        return 0, 0  # Long.MIN_VALUE: an observer, which does not vote with its history.
    return value >> 32, value & 0xffffffff


def _server(text, case, place):
    if not text.isdigit() or not 1 <= int(text) <= case['servers']:
        raise case_file.CaseError(f'{place}: no server {text!r}')
    return int(text)


def _by_server(case, key, read):
    place = f'{case["id"]}.result.{key}'
    table = case['result'].get(key, {})
    if not isinstance(table, dict):
        raise case_file.CaseError(f'{place}: expected an object by server')
    return {_server(s, case, place): read(value, f'{place}.{s}') for s, value in table.items()}


def _first(value, place):
    """Of a list; None of an empty one."""
    if not isinstance(value, list):
        raise case_file.CaseError(f'{place}: expected a list')
    return value[0] if value else None


def _first_zxid(value, place):
    first = _first(value, place)
    return None if first is None else _zxid(first, place)


def _first_time(value, place):
    first = _first(value, place)
    if first is not None and not (isinstance(first, (int, float)) and 0 <= first <= 3_600_000):
        raise case_file.CaseError(f'{place}: expected a list of milliseconds')
    return first


def _role(value, place):
    role = ROLES.get(value, value)
    if role not in ROLES.values():
        raise case_file.CaseError(f'{place}: {value!r} is no role')
    return role


def _known(table):
    return {server: value for server, value in table.items() if value is not None}


def _modes(case):
    """How each learner said it was synchronized, the last time."""
    modes = {}
    for line in case['result'].get('learner', []):
        found = re.match(r'(\d+): (?:Getting a (diff|snapshot)|(Trunc))', str(line))
        if found:
            modes[int(found[1])] = MODES[found[2] or 'trunc']
    return modes


def _strangers(case):
    """Learners whose last transaction their leader did not have."""
    lines = [*case['result'].get('sync', []), *case['result'].get('errors', [])]
    found = (re.search(r'(?:TRUNC|Unhandled scenario).*?sid: (\d+)', str(l)) for l in lines)
    return {int(match[1]) for match in found if match}


def _synchronizations(case):
    """(learner, last processed zxid, the learner's) of each that the leaders' logs tell of."""
    for line in case['result'].get('sync', []):
        found = re.search(r'Learner sid: (\d+) .*lastProcessedZxid=0x(\w+) peerLastZxid=0x(\w+)',
                          str(line))
        if found:
            yield int(found[1]), int(found[2], 16), int(found[3], 16)


def _late(case):
    """Who found a leader that served already: it had begun its epoch when it synchronized them."""
    return {learner for learner, processed, _ in _synchronizations(case)
            if processed and not processed & 0xffffffff}


def _peer_zxids(case):
    return {learner: (peer >> 32, peer & 0xffffffff)
            for learner, _, peer in reversed(list(_synchronizations(case)))}


def _winner(case, plan):
    """Who leads in the end; None: nobody does."""
    place = f'{case["id"]}.result.winner'
    winner = case['result'].get('winner')
    winners = [_server(str(w), case, place) for w in winner] if isinstance(winner, list) else []
    leaders = winners or [s for s, role in plan['roles'].items() if role == 'leader']
    return leaders[-1] if leaders else None


def understand(case):
    """What a case says of its last start; CaseError where it does not say enough."""
    for key in ('learner', 'sync', 'errors', 'seconds'):
        if not isinstance(case['result'].get(key, []), list):
            raise case_file.CaseError(f'{case["id"]}.result.{key}: expected a list')
    if case['kind'] == 'restart-stall':
        _stall_plan(case)
        return None
    plan = {'roles': _by_server(case, 'roles', _role),
            'began': _known(_by_server(case, 'rounds', _first_zxid)),
            'took': _known(_by_server(case, 'took', _first_time)),
            'zxid': _by_server(case, 'zxid', _zxid), 'modes': _modes(case),
            'strangers': _strangers(case), 'late': _late(case)}
    for server in case.get('observers', []):
        if server in plan['began']:  # It looks with no zxid of its own.
            plan['began'][server] = _peer_zxids(case).get(server, (0, 0))
    plan['winner'] = _winner(case, plan)
    if not plan['began']:
        raise case_file.CaseError(f'{case["id"]}.result.rounds: nobody looked for a leader')
    if plan['winner'] not in {None, *plan['roles'], *plan['began']}:
        raise case_file.CaseError(f'{case["id"]}.result: the winner is in neither roles nor rounds')
    winner = case['result'].get('winner')
    plan['race'] = 'race' in (case.get('note', '') + case['description']).lower() or \
        (isinstance(winner, list) and len(set(winner)) > 1)
    return plan


def _tail(case):
    """Transactions that only a dead leader had logged."""
    found = re.search(r'proposes (\d+) uncommitted', case['description'])
    return int(found[1]) if found else 0


def _history(zxid, ends):
    """All transactions up to this one, where earlier epochs ended as told."""
    epoch, counter = zxid
    ranges = [f'{e}:1-{e}:{ends[e]}' for e in sorted(ends) if e < epoch and ends[e] > 0]
    return ranges + ([f'{epoch}:1-{epoch}:{counter}'] if counter else [])


def _window_ends(case):
    """How far an old epoch went, told by a leader that has it in its window of committed requests
    still, but not all of it: the window is full, with one more than commitLogCount
    (ZKDatabase.addCommittedProposal)."""
    size = scenario.properties(case).get('commit_log_count', 500) + 1
    ends = {}
    for line in case['result'].get('sync', []):
        found = re.search(r'maxCommittedLog=(0x\w+) minCommittedLog=(0x\w+)', str(line))
        if not found:
            continue
        place = f'{case["id"]}.result.sync'
        (epoch, newest), (old, oldest) = (_zxid(zxid, place) for zxid in found.groups())
        if old == epoch - 1 and 1 < oldest and newest < size:
            ends[old] = oldest + size - newest - 1
    return ends


def _ends(case, plan):
    """How far each old epoch went in the histories that live on."""
    ends = _window_ends(case)
    for server, (epoch, counter) in plan['began'].items():
        if server not in plan['strangers']:
            ends[epoch] = max(ends.get(epoch, 0), counter)
    for server in plan['strangers']:
        epoch, counter = plan['began'].get(server, (0, 0))
        tail = _tail(case) or 1
        ends.setdefault(epoch, max(0, counter - tail))
    return ends


def _offsets(case, plan):
    """When each server starts: all looked until about the same moment, unless they are said to
    have started together, or one came when the others served."""
    began, took = plan['began'], plan['took']
    if 'together' in case['description'] or not all(s in took for s in began):
        return dict.fromkeys(began, 0)
    first = began.keys() - plan['late'] or began.keys()
    longest = max(took[s] for s in first)
    return {s: longest - took[s] if s in first else longest + LATE_MS for s in began}


def _disk(zxid, ends):
    """A server's files; the epoch of its last transaction is that of its files."""
    history = _history(zxid, ends)
    return {'history': history, 'accepted_epoch': zxid[0], 'current_epoch': zxid[0]} \
        if history or zxid[0] else {}


def _join_s(case, plan):
    """When those who serve have written all that the start finds."""
    writes = plan['zxid'].get(plan['winner'], (1, 0))[1]
    write_ms = 2 + 4 * max(map(max, case['delays_ms']))
    return JOIN_S + 1.5 * writes * write_ms / WRITERS / 1000


def build(case, plan):
    """The scenario, and when the start begins that the case is about, in seconds."""
    serving = [s for s in plan['roles'] if s not in plan['began']]
    ends, began = _ends(case, plan), plan['began']
    starts = {str(s): _disk(z, ends) for s, z in began.items()}
    absent = [s for s in range(1, case['servers'] + 1) if s not in began and s not in serving]
    begin_s = _join_s(case, plan) if serving else 0.0
    offsets = _offsets(case, plan)
    last_s = max(JOIN_S, begin_s + max(offsets.values()) / 1000)
    made = scenario.of(case, case['id'], duration_s=last_s + max(6, case.get('seconds', 0)))
    if serving:
        epoch, counter = plan['zxid'].get(plan['winner'], (1, 0))
        old = max((e for e in ends if e < epoch), default=0)
        before = (epoch - 1, ends[old]) if old == epoch - 1 and old else (old, ends.get(old, 0))
        for server in serving:
            starts[str(server)] = {'history': _history(before, ends),
                                   'accepted_epoch': epoch - 1, 'current_epoch': epoch - 1}
        if counter > 0:
            made['clients'] = [scenario.client('writer', [plan['winner']], session_timeout='40s',
                                               load=scenario.closed(WRITERS),
                                               operations_each=max(1, counter - 1))]
        if plan['winner'] != max(serving):
            starts[str(plan['winner'])]['accepted_epoch'] = epoch
            starts[str(plan['winner'])]['current_epoch'] = epoch
    for server, offset in offsets.items():
        starts[str(server)]['down'] = True
        made['faults'].append({'at': scenario.ms(begin_s * 1000 + offset), 'restart': server})
    for server in absent:
        starts[str(server)] = {'down': True}
    made['start'] = {'servers': starts}
    return made, begin_s


def _outcome(winner, modes):
    told = ' '.join(f'{s}:{modes[s]}' for s in sorted(modes))
    return f'{winner or "nobody"} leads' + (f'; {told}' if told else '')


def _run(simulator, path, seed, learners, begin_s):
    """Who leads in the end, and how each learner was synchronized, last before it served."""
    records = simulator.records(path, seed, ('receive', 'serving', 'established'), 'messages')
    leader, modes, served = None, {}, set()
    for r in records:
        if r['kind'] == 'established':
            leader = r['node']
        elif r['kind'] == 'serving' and r['t_ns'] >= begin_s * 1e9:
            served.add(r['node'])
        elif r['node'] in served:
            continue
        elif r['kind'] == 'receive' and r['message'] in ('diff', 'snap', 'trunc') and \
                r['node'] in learners and r['t_ns'] >= begin_s * 1e9:
            modes[r['node']] = r['message'].upper()
    return _outcome(leader, modes)


def compare(case, simulator, full):
    plan = understand(case)
    made, begin_s = build(case, plan)
    path = simulator.write(made)
    outcomes = simulator.each(
        lambda seed: _run(simulator, path, seed, plan['modes'], begin_s),
        range(1, (FULL if full else QUICK) + 1), case['id'])
    counts = {what: outcomes.count(what) for what in set(outcomes)}
    yield measure.outcome('winner and sync', _outcome(plan['winner'], plan['modes']), counts,
                          race=plan['race'])


def _stall_plan(case):
    """Servers that start together, and how many transactions each of them lacks."""
    text, place = case['description'], f'{case["id"]}.description'
    number = r'\d+(?:(?:-|, and |, ?| and )\d+)*'
    started = re.search(rf'servers ({number})', text)
    servers = []
    for first, last in re.findall(r'(\d+)(?:-(\d+))?', started[1] if started else ''):
        servers += range(int(first), int(last or first) + 1)
    servers = servers or scenario.voters_of(case)
    found = re.findall(rf'({number}) (?:each )?(?:lacks?|miss(?:es)?|(?:is|are) missing) '
                       r'(\d+) (?:txn|transaction)', text)
    lacks = {int(s): int(count) for who, count in found for s in re.findall(r'\d+', who)}
    if re.search(r'lack|miss', text) and not lacks and 'nothing' not in text:
        raise case_file.CaseError(f'{place}: who lacks how many? Such as "1 lacks 10 txns"')
    for server in [*servers, *lacks]:
        _server(str(server), case, place)
    voters = scenario.voters_of(case)
    if 2 * len(set(servers) & set(voters)) <= len(voters):
        raise case_file.CaseError(f'{place}: {servers} are no quorum of {len(voters)}')
    if not all(s is None or isinstance(s, (int, float)) for s in case['result'].get('seconds', [])):
        raise case_file.CaseError(f'{case["id"]}.result.seconds: expected a list of seconds')
    return servers, lacks


def compare_stall(case, simulator, full):
    """How often it takes more than the time of one election until all serve."""
    servers, lacks = _stall_plan(case)
    seconds = [NEVER_S if s is None else s for s in case['result'].get('seconds', [])]
    made = scenario.of(case, case['id'], duration_s=75)
    last = max(20, max(lacks.values(), default=0) + 10)
    starts = {}
    for server in range(1, case['servers'] + 1):
        counter = last - lacks.get(server, 0)
        starts[str(server)] = {'down': True} if server not in servers else _disk((1, counter), {})
    made['start'] = {'servers': starts}
    path = simulator.write(made)

    def run(seed):
        records = simulator.records(path, seed, ['serving'], 'operations')
        first = {}
        for r in records:
            first.setdefault(r['node'], r['t_ns'] / 1e9)
        return max(first[s] for s in servers) if all(s in first for s in servers) else NEVER_S

    times = simulator.each(run, range(1, (FULL if full else QUICK) + 1), case['id'])
    stalls = 100 * sum(t > STALL_MS / 1000 for t in times) / len(times)
    quick = [t for t in times if t <= STALL_MS / 1000]
    quick_then = [s for s in seconds if s <= STALL_MS / 1000]
    stalled_then = len(seconds) - len(quick_then)
    passed = stalls >= 5 if stalled_then else stalls < 5
    yield measure.Finding('starts that stall', f'{stalled_then} of {len(seconds)}',
                          f'{stalls:.0f} %', 'at least 5 %' if stalled_then else 'below 5 %',
                          passed)
    if quick and quick_then:
        yield measure.told('the others p50', f'{measure.percentile(quick_then, 0.5):.2f} s',
                           f'{measure.percentile(quick, 0.5):.2f} s')
