"""Cases in which a server is killed or cut off: each phase, the mode of the election, and the
distribution of the time until the next write."""

import re

import case_file
import measure
import scenario
import simulate

REST_S = 1.5  # From the client's start to the fault.
AFTER_S, WAYS = 3.5, 30  # From there on a run lasts, and so many delays of the longest link.
LEAST_MS, SHARE, PARTITION_SHARE = 10, 0.10, 0.05
MODE_POINTS, KS_LIMIT = 15, 0.25
QUICK, FULL = 200, 1000
# Between the two modes of an election: one finalizeWait, or one notification time-out more.
MODE_LIMIT_MS = 350
NEVER_LED = 'the leader of the case never led'
KINDS = ('server_stopped', 'fault', 'looking', 'elected', 'following', 'work', 'accepted_epoch',
         'current_epoch', 'serving', 'client_disconnected', 'client_connected', 'complete')

# Each phase of a fail-over as the difference of two moments.
PHASES = (
    ('detection', 'client_lost', None),
    ('looking', 'looking', 'client_lost'),
    ('port', 'leader_discovery', 'decided_leader'),
    ('discovery', 'leader_sync', 'leader_discovery'),
    ('synchronization', 'leader_broadcast', 'leader_sync'),
    ('up to date', 'follower_broadcast', 'leader_broadcast'),
    ('follower decided', 'decided_follower', 'looking'),
    ('follower discovery', 'follower_sync', 'decided_follower'),
    ('follower synchronization', 'follower_broadcast', 'follower_sync'),
    ('client', 'client_reconnected', 'follower_broadcast'),
    ('first write', 'first_write_latency', None),
)


def _leaders(case):
    """Who leads, by what each round says, or the case; None: neither does."""
    rounds = [{**case, **r} for r in case.get('rounds') or [{}]]
    keys = ('leader',) if case['kind'] == 'failover-kill-follower' else ('killed', 'leader')
    found = [next((r[key] for key in keys if r.get(key)), None) for r in rounds]
    return list(zip(found, rounds))


def _set_ups(case):
    """(server that leads, server at which the client is) of every round, or of every pair."""
    voters = scenario.voters_of(case)
    told = [(leader or max(voters), r.get('client_at')) for leader, r in _leaders(case)]
    if _tries_all(case):
        leaders = [l for l, _ in told] if any(l for l, _ in _leaders(case)) else voters
        return [(leader, min(voters)) for leader in leaders]  # The first of its list.
    return [(leader, at) for leader, told_at in told
            for at in ([told_at] if told_at else voters) if at != leader]


def _victims(case):
    """(server that leads, follower that is killed under its client), the same of a follower."""
    voters = scenario.voters_of(case)
    found = []
    for leader, r in _leaders(case):
        victim = r.get('killed') or r.get('client_at')
        if victim and leader == victim or r.get('client_at') not in (None, victim):
            raise case_file.CaseError(f'{case["id"]}: the follower {victim} that is killed '
                                      'leads, or has no client')
        leader = leader or max(v for v in voters if v != victim)
        found.append((leader, victim or min(v for v in voters if v != leader)))
    return found


def _tries_all(case):
    return re.search('all (the )?servers|next server', case['client']) is not None


def _client(case, at):
    """The probing client, by what the case says of it."""
    text = case['client']
    others = [v for v in scenario.voters_of(case) if v != at]
    pause = re.search(r'every (\d+(?:\.\d+)?) ms', text)
    made = scenario.client('prober', [at], start=scenario.ms(scenario.serving_s(case) * 1000),
                           load=scenario.closed(case.get('outstanding', 1),
                                                case.get('gap_ms', 2)))
    if pause:
        made['reconnect'] = {'pause': scenario.ms(float(pause[1]))}
    limit = re.search(r'session timeout (\d+)', text)
    timeout = scenario.ms(float(limit[1]) if limit else 10_000)
    if re.search(r'\bjava\b', text, re.I):
        # ClientCnxn: the profile's own pauses, up to a second before every try but the first.
        del made['reconnect']
        made['session_timeout'] = timeout
    elif re.search(r'\bc client|zookeeper\.c', text, re.I):
        # zookeeper.c: the next server at once. It rests only when it could not connect to any;
        # servers that look for a leader accept connections, and close them.
        made['session_timeout'] = timeout
        made['reconnect'] = {'pause': '1ms'}
    if _tries_all(case):
        made['placement'] = {'servers': sorted([at, *others])}
    return made


def _fault_ms(case):
    return 1000 * (scenario.serving_s(case) + REST_S)


def _after_s(case):
    return AFTER_S + WAYS * scenario.longest_s(case)


def _in_time(case, found):
    """Who has not written by the end of a run is known to take longer than that."""
    found.setdefault('ms', [1000 * _after_s(case)])
    return found


def _write(case, simulator, leader, at):
    begin = _fault_ms(case)
    made = scenario.of(case, f'{case["id"]}.{leader}.{at}', leader=leader,
                       duration_s=begin / 1000 + _after_s(case))
    made['clients'] = [_client(case, at)]
    made['faults'] += [{'at': scenario.ms(begin), 'crash': leader}]
    made['trace'] = {'from': scenario.ms(begin - 1)}
    return simulator.write(made)


def _moments(records, survivors):
    """The moments of one run, in milliseconds after the fault, by the names of the cases. None:
    another server than the case's led, and nobody else missed what had the fault."""
    start = next(r['t_ns'] for r in records if r['kind'] == 'fault')
    records = [r for r in records if r['t_ns'] >= start]

    def after(record):
        return (record['t_ns'] - start) / 1e6

    def first(kind, **fields):
        return next((r for r in records if r['kind'] == kind and r['node'] in survivors and
                     all(r.get(k) == v for k, v in fields.items())), None)

    if first('looking') is None:
        return None
    found = {}
    new = next((r for r in records if r['kind'] == 'serving' and r['node'] in survivors and
                r['leader'] == r['node']), None)
    if new is None:
        return found
    leader = new['node']
    found['leader'] = leader
    wanted = {'decided_leader': first('elected', node=leader, leader=leader),
              'leader_discovery': first('work', node=leader, work='open_port'),
              'leader_sync': first('current_epoch', node=leader), 'leader_broadcast': new,
              'client_lost': next((r for r in records if r['kind'] == 'client_disconnected'),
                                  None)}
    found.update({name: [after(r)] for name, r in wanted.items() if r})
    found['looking'] = []
    for server in survivors:
        looking = first('looking', node=server)
        if looking is None:
            continue
        found['looking'].append(after(looking))
        if server == leader and 'leader_discovery' in found:
            found['took_ms_leader'] = [found['leader_discovery'][0] - after(looking)]
            continue
        for name, record in (('decided_follower', first('elected', node=server)),
                             ('follower_discovery', first('following', node=server)),
                             ('follower_sync', first('accepted_epoch', node=server)),
                             ('follower_broadcast', first('serving', node=server))):
            if record:
                found.setdefault(name, []).append(after(record))
                if name == 'follower_discovery':
                    found.setdefault('took_ms_follower', []).append(
                        after(record) - after(looking))
    _client_moments(found, records, after)
    return found


def _client_moments(found, records, after):
    lost = found.get('client_lost', [0])[0]
    connected = next((r for r in records if r['kind'] == 'client_connected' and
                      after(r) >= lost), None)
    if connected is None:
        return
    found['client_reconnected'] = [after(connected)]
    done = next((r for r in records if r['kind'] == 'complete' and
                 r['t_ns'] > connected['t_ns']), None)
    if done:
        found['ms'] = [after(done)]
        found['first_write_latency'] = [after(done) - after(connected)]


def _pool(runs):
    pooled = {}
    for run in runs:
        for name, values in run.items():
            if isinstance(values, list):
                pooled.setdefault(name, []).extend(values)
    return pooled


def _simulate(case, simulator, full):
    """[moments] of all seeds, spread over the case's rounds."""
    count = FULL if full else QUICK
    set_ups = _set_ups(case)
    paths = {}
    for leader, at in set_ups:
        if (leader, at) not in paths:
            paths[leader, at] = _write(case, simulator, leader, at)

    def run(seed):
        leader, at = set_ups[seed % len(set_ups)]

        def moments(seed):
            records = simulator.records(paths[leader, at], seed, KINDS)
            return _moments(records, [v for v in scenario.voters_of(case) if v != leader])
        return _in_time(case, simulate.retried(moments, seed, NEVER_LED))

    return simulator.each(run, range(1, count + 1), case['id'])


def _median(samples):
    return measure.percentile(samples, 0.5) if samples else None


def _phase_findings(measured, pooled):
    for name, later, earlier in PHASES:
        if later not in measured or (earlier and earlier not in measured):
            continue
        was = measured[later]['p50'] - (measured[earlier]['p50'] if earlier else 0)
        known = later in pooled and (not earlier or earlier in pooled)
        now = _median(pooled[later]) - (_median(pooled[earlier]) if earlier else 0) \
            if known else None
        yield measure.close(f'{name} p50', was, now, least=LEAST_MS, share=SHARE)


def _election_findings(measured, pooled):
    """The fast mode's median, and how often the election took the slow one."""
    for name, who in (('took_ms_leader', 'leader'), ('took_ms_follower', 'follower')):
        samples = measured.get(name, {}).get('samples')
        if not samples:
            continue
        fast = [s for s in samples if s < MODE_LIMIT_MS]
        predicted = pooled.get(name, [])
        fast_now = [s for s in predicted if s < MODE_LIMIT_MS]
        if fast:
            yield measure.close(f'election of {who}, fast', _median(fast), _median(fast_now),
                                least=LEAST_MS, share=SHARE)
        if who == 'leader':
            slow_now = 100 * (1 - len(fast_now) / len(predicted)) if predicted else None
            yield measure.share('slow elections', 100 * (1 - len(fast) / len(samples)),
                                slow_now, MODE_POINTS)


def compare_kill(case, simulator, full):
    pooled = _pool(_simulate(case, simulator, full))
    measured = case.get('phases_ms_after_kill', {})
    yield from _phase_findings(measured, pooled)
    yield from _election_findings(measured, pooled)
    yield from _total(case, pooled)


def _total(case, pooled):
    yield measure.close('to the first write p50', case['ms']['p50'], _median(pooled.get('ms', [])),
                        least=LEAST_MS, share=SHARE)
    if case['ms'].get('samples'):
        yield measure.distance('to the first write', case['ms']['samples'], pooled.get('ms', []),
                               KS_LIMIT)


def compare_kill_follower(case, simulator, full):
    """The client is at the follower that is killed; another one watches from the leader."""
    victims = _victims(case)
    paths = {pair: simulator.write(_follower_killed(case, *pair)) for pair in victims}

    def run(seed):
        pair = victims[seed % len(victims)]
        found = simulate.retried(
            lambda s: _without_follower(simulator.records(paths[pair], s, KINDS),
                                        _clients_before(case, pair[1])), seed, NEVER_LED)
        return _in_time(case, found)

    pooled = _pool(simulator.each(run, range(1, (FULL if full else QUICK) + 1), case['id']))
    yield from _total(case, pooled)
    stalls = case.get('result', {}).get('leader_client_stalls_over_150ms')
    if stalls is not None:
        yield measure.close('stalls at the leader', stalls, sum(pooled['stalls']), share=0,
                            unit='')


def _clients_before(case, victim):
    """The n-th client of a run begins with the n-th server of its list: so many come before."""
    return scenario.voters_of(case).index(victim) if _tries_all(case) else 0


def _follower_killed(case, leader, victim):
    begin = _fault_ms(case)
    made = scenario.of(case, f'{case["id"]}.{leader}.{victim}', leader=leader,
                       duration_s=begin / 1000 + _after_s(case))
    watcher = scenario.client('watcher', [leader], load=scenario.closed(1, 2))
    made['clients'] = [_client(case, victim), watcher]
    count = _clients_before(case, victim)
    if count:
        made['clients'].insert(0, scenario.client('idle', [leader], count=count,
                                                  operations_each=1))
    made['faults'] += [{'at': scenario.ms(begin), 'crash': victim}]
    made['trace'] = {'from': scenario.ms(begin - 1)}
    return made


def _without_follower(records, prober):
    """The moments of one run; None: the leader was another, and the others missed it."""
    if any(r['kind'] == 'looking' for r in records):
        return None
    start = next(r['t_ns'] for r in records if r['kind'] == 'fault')
    found = {}
    own = [r for r in records if r['t_ns'] >= start and r.get('client') == prober]
    lost = next((r for r in own if r['kind'] == 'client_disconnected'), None)
    if lost is not None:
        found['client_lost'] = [(lost['t_ns'] - start) / 1e6]
    _client_moments(found, own, lambda r: (r['t_ns'] - start) / 1e6)
    times = [r['t_ns'] for r in records if r['kind'] == 'complete' and
             r['client'] == prober + 1]
    gaps = [later - sooner for sooner, later in zip(times, times[1:])]
    found['stalls'] = [sum(gap > 150e6 for gap in gaps)]
    return found


def _partition(case, seed, leader, at, wait_s):
    """The leader's links hold everything back until they are healed. Cut at another phase of its
    tick with every seed: that decides when it steps down."""
    tick = case['config']['tickTime']
    cut = _fault_ms(case) + tick * (seed * scenario.SPREAD % 1)
    made = scenario.of(case, f'{case["id"]}.{leader}.{seed}', leader=leader,
                       duration_s=cut / 1000 + wait_s + 4)
    own = scenario.client('at-leader', [leader], load=scenario.closed(1, 2))
    made['clients'] = [_client(case, at), own]
    made['faults'] += [{'at': scenario.ms(cut), 'clog': leader,
                       'lasting': scenario.ms(wait_s * 1000)}]
    made['trace'] = {'from': scenario.ms(cut - 1)}
    return made


def compare_partition(case, simulator, full):
    config = case['config']
    wait_s = (config.get('syncLimit', 5) + 3) * config['tickTime'] / 1000
    voters = scenario.voters_of(case)
    set_ups = [(leader or max(voters), r.get('client_at')) for leader, r in _leaders(case)]

    def attempt(seed):
        leader, at = set_ups[seed % len(set_ups)]
        at = at or next(v for v in voters if v != leader)
        path = simulator.write(_partition(case, seed, leader, at, wait_s))
        records = simulator.records(path, seed, KINDS)
        start = next(r['t_ns'] for r in records if r['kind'] == 'fault')
        first = [r for r in records if r.get('client', 0) == 0 or r['kind'] == 'work']
        found = _moments(first, [v for v in voters if v != leader])
        if found is None:
            return None
        if 'client_lost' in found:
            found['follower_lost'] = found.pop('client_lost')
        # The old leader's own client sees that it is back.
        heal = start + wait_s * 1e9
        moments = (('old_leader_steps_down', 'looking', {'node': leader}, start),
                   ('old_client_lost', 'client_disconnected', {'client': 1}, start),
                   ('rejoin_after_heal', 'client_connected', {'client': 1}, heal))
        for name, kind, fields, since in moments:
            at = next((r['t_ns'] for r in records if r['kind'] == kind and r['t_ns'] > since and
                       all(r.get(k) == v for k, v in fields.items())), None)
            if at is not None:
                found[name] = [(at - since) / 1e6]
        return found

    def run(seed):
        return simulate.retried(attempt, seed, NEVER_LED)

    seeds = FULL if full else QUICK  # A rejoin has two modes, about as frequent.
    pooled = _pool(simulator.each(run, range(1, seeds + 1), case['id']))
    for name, figures in case.get('phases_ms_after_cut', {}).items():
        yield measure.close(f'{name} p50', figures['p50'], _median(pooled.get(name, [])),
                            share=PARTITION_SHARE)
    yield measure.close('to the first write p50', case['ms']['p50'], _median(pooled.get('ms', [])),
                        share=PARTITION_SHARE)
