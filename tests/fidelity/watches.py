"""Cases of kind watch: from a write until the last of a znode's watchers has heard of it."""

import latency
import measure
import scenario

REST_S = 0.5  # Of the watchers, before the first write.
KINDS = ('invoke', 'complete', 'notified')
ROUNDS = 60  # Of a case that does not say.
# Clients' numbers: they are the first.
WRITER, BESIDE = 0, 1


def _scenario(case):
    """The writer writes when everybody has had the time to watch again. It watches, too: that is
    another client at its server here. Nothing is warm when it begins."""
    rest = 20 + 0.2 * case['watchers']
    rounds = case['ms'].get('n', ROUNDS)
    begin_s = scenario.serving_s(case) + REST_S
    made = scenario.of(case, case['id'], leader=case['leader'], warm_up_s=begin_s,
                       duration_s=begin_s + rounds * (rest + 2 * latency_ms(case)) / 1000)
    payload = f'{case.get("payload", 100)}B'
    watch = {'operations': {'watch': 1}, 'load': scenario.closed(1)}
    sites = case['watchers_at']
    made['clients'] = [
        scenario.client('writer', [case['writer_at']], load=scenario.closed(1, rest),
                        start=scenario.ms(begin_s * 1000), payload=payload),
        scenario.client('beside', [case['writer_at']], **watch)]
    for index, site in enumerate(sites):
        count = case['watchers'] // len(sites) + (index < case['watchers'] % len(sites))
        if count:
            made['clients'].append(scenario.client(f'at-{site}', [site], count=count, **watch))
    made['trace'] = {'from': scenario.ms(begin_s * 1000)}
    return made


def _write_ms(case):
    """What the links ask of the write itself, in the reference's model."""
    return latency.delay_ms({**case, 'op': 'set', 'client_at': case['writer_at'],
                             'client_delay_ms': case.get('client_delay_ms', 0)})


def latency_ms(case):
    """And of the commit's way to the watchers' servers."""
    delays = case['delays_ms']
    leader, writer = case['leader'] - 1, case['writer_at'] - 1
    back = delays[leader][writer]
    return _write_ms(case) - back + max(delays[leader][s - 1] for s in case['watchers_at'])


def _times(case, simulator, path, seed):
    """Of every write that all watchers have heard of: until the first has, until the last, and
    until the writer has its reply."""
    rounds, begun = {}, None
    for record in simulator.records(path, seed, KINDS, 'operations'):
        own = record['client'] == WRITER
        if own and record['kind'] == 'invoke':
            begun = record['t_ns']
        elif own and record['kind'] == 'complete':
            if begun is not None and record['operation'] == 'set':
                told = rounds.setdefault(record['zxid'], {'heard': []})
                told.update(begun=begun, reply=record['t_ns'])
        elif record['kind'] == 'notified' and record['client'] != BESIDE:
            rounds.setdefault(record['zxid'], {'heard': []})['heard'].append(record['t_ns'])
    return [[(t - told['begun']) / 1e6
             for t in (min(told['heard']), max(told['heard']), told['reply'])]
            for told in rounds.values()
            if 'begun' in told and len(told['heard']) == case['watchers']]


def compare(case, simulator, full):
    path = simulator.write(_scenario(case))
    runs = simulator.each(lambda seed: _times(case, simulator, path, seed),
                          range(1, (9 if full else 3) + 1), case['id'])
    times = [times for run in runs for times in run]
    is_bound = latency_ms(case) < 0.8 * case['ms']['p50']
    rule = {'share': latency.CPU_SHARE} if is_bound else \
        {'share': latency.SHARE, 'least': latency.LEAST_MS}
    last = [t[1] for t in times]
    yield measure.close('last watcher p50', case['ms']['p50'], measure.percentile(last, 0.5),
                        **rule)
    if 'p90' in case['ms'] and not is_bound:
        yield measure.close('last watcher p90', case['ms']['p90'], measure.percentile(last, 0.9),
                            share=latency.P90_SHARE)
    for key, place, name in (('first_ms', 0, 'first watcher p50'),
                             ('writer_reply_ms', 2, "writer's reply p50")):
        if key in case:
            yield measure.told(name, f'{case[key]["p50"]:.3f} ms',
                               f'{measure.percentile([t[place] for t in times], 0.5) or 0:.3f} ms')
