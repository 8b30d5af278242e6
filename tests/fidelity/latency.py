"""Cases of kind latency: percentiles of operations, and throughput where the cpu limits it."""

import re

import measure
import scenario
import simulate

# Once all serve they are warmed up, and the load begins when they have rested: it would begin with
# a backlog else. Over long links each round of operations takes longer.
WARM_UP_S, REST_S, ROUNDS = 0.6, 0.4, 25
SETTLE_S = 1.5  # From there to what counts.
LEAST_MS, SHARE, P90_SHARE = 0.3, 0.03, 0.10
CPU_SHARE = 0.25


# What a client asks for: weights by kind of operation. A read right behind a sync in the same
# session is answered with it; a deletion is a write like another.
MIXES = {'set': {'set': 1}, 'create': {'create': 1}, 'get': {'get': 1}, 'exists': {'get': 1},
         'delete': {'set': 1}, 'sync': {'sync': 1}, 'syncget': {'sync': 1}}
BACKGROUND = 20


def background(case):
    """Writes that others keep outstanding meanwhile, at the leader; 0: none."""
    for key, value in case.items():
        if re.match('bg|background', key) and isinstance(value, int):
            return value
    text = f'{case["id"]} {case.get("note", "")}'
    if not re.search(r'bgwrites|background', text):
        return 0
    told = re.search(r'(\d+) (?:writes )?outstanding', text)
    return int(told[1]) if told else BACKGROUND


def operations(case):
    if case['op'] == 'mix':
        reads = case.get('ratio', 0)
        return {'set': round(1000 * (1 - reads)), 'get': round(1000 * reads)}
    if case['op'] not in MIXES:
        raise simulate.RunError(f'{case["id"]}: the operation {case["op"]!r} is not known')
    return MIXES[case['op']]


def delay_ms(case):
    """What the links alone ask of a write, or of a sync, in the reference's model: to the leader
    and back, and the round trip to the nearest learners that make a quorum with it."""
    delays, leader = case['delays_ms'], case['leader'] - 1
    voters = [v - 1 for v in scenario.voters_of(case) if v - 1 != leader]
    trips = sorted(delays[leader][v] + delays[v][leader] + case.get('jitter_ms', 0)
                   for v in voters)
    needed = (len(voters) + 1) // 2
    quorum = trips[needed - 1] if needed else 0
    sites = case['client_at'] if isinstance(case['client_at'], list) else [case['client_at']]
    ways = [delays[s - 1][leader] + delays[leader][s - 1] for s in sites]
    own = 2 * case['client_delay_ms']
    is_at_leader = sites == [case['leader']]
    if case['op'] in ('get', 'exists') or (case['op'] in ('sync', 'syncget') and is_at_leader):
        return own
    trip = own + sum(ways) / len(ways)
    waits = case['op'] not in ('sync', 'syncget') or background(case)
    return trip + quorum if waits else trip


def is_cpu_bound(case):
    """Links explain less than four fifths of the measured median, and that is no small time."""
    median = max(case[k]['p50'] for k in ('ms', 'read_ms') if k in case)
    is_direct = not scenario.is_relayed(case)
    return is_direct or (median > 1 and delay_ms(case) < 0.8 * median)


def build(case):
    seconds = min(max(case['secs'], 1), 4)
    serving_s, way_s = scenario.serving_s(case), scenario.longest_s(case)
    warm_s = serving_s + WARM_UP_S + ROUNDS * way_s
    start_s = warm_s + REST_S + 4 * way_s  # A write of a follower takes four ways.
    made = scenario.of(case, case['id'], leader=case['leader'], warm_up_s=start_s + SETTLE_S,
                       duration_s=start_s + SETTLE_S + seconds)
    sites = case['client_at'] if isinstance(case['client_at'], list) else [case['client_at']]
    for index, site in enumerate(sites):
        count = case['connections'] // len(sites) + (index < case['connections'] % len(sites))
        load = scenario.closed(case['outstanding'])
        if case.get('rate'):
            load = {'open': {'poisson': f'{case["rate"] / case["connections"]:.6f}/s'}}
        if count:
            made['clients'].append(scenario.client(
                f'at-{site}', [site], count=count, load=load,
                start=scenario.ms(start_s * 1000),
                operations=operations(case),
                payload=f'{case["payload"]}B',
                paths={'uniform': {'count': case.get('keys', 1)}}))
    made['clients'].append(scenario.warm_up(case, serving_s, warm_s))
    if background(case):
        made['clients'].append(scenario.client(
            'background', [case['leader']], load=scenario.closed(background(case)),
            payload=f'{case["payload"]}B'))
    return made


def _percentiles(results, operation):
    found = [r['operations'][operation]['latency'] for r in results]
    found = [f for f in found if f['count']]
    return {p: measure.percentile([f[f'{p}_ns'] / 1e6 for f in found], 0.5)
            for p in ('p50', 'p90')}


def compare(case, simulator, full):
    path = simulator.write(build(case))
    seeds = range(1, (9 if full else 3) + 1)
    results = simulator.each(lambda seed: simulator.results_under(case['leader'], path, seed),
                             seeds, case['id'])
    bound = is_cpu_bound(case)
    reads = 'sync' if case['op'] in ('sync', 'syncget') else 'get'
    writes = 'create' if case['op'] == 'create' else 'set'
    for key, operation, name in (('ms', writes, 'write'), ('read_ms', reads, reads)):
        if key not in case:
            continue
        predicted = _percentiles(results, operation)
        rule = {'share': CPU_SHARE} if bound else {'share': SHARE, 'least': LEAST_MS}
        yield measure.close(f'{name} p50', case[key]['p50'], predicted['p50'], **rule)
        if 'p90' in case[key] and not bound:
            yield measure.close(f'{name} p90', case[key]['p90'], predicted['p90'],
                                share=P90_SHARE)
    if bound and 'ops_per_s' in case:
        rates = [(r['writes_per_1000_s'] + r['reads_per_1000_s']) / 1000 for r in results]
        yield measure.close('throughput', case['ops_per_s'], measure.percentile(rates, 0.5),
                            share=CPU_SHARE, unit='/s')
