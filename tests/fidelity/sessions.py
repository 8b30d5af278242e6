"""Cases about the end of sessions: expiry after the last sign of life, and closeSession."""

import measure
import scenario

WARM_UP_S, REST_S = 1.0, 1.5  # Before the victim comes.
STAYS_MS = 200  # After its last request.
KS_LIMIT = 0.3
# The issue has no rule for closeSession: the one of cpu-bound operations, as it is a single cold
# one.
CLOSE_SHARE = 0.25


def _scenario(case, seed, how):
    """The victim comes at another phase of the tick with every seed: it reads, a tick later for the
    last time, and is gone. (A session's birth is a sign of life that every follower reports, within
    half a tick; those who measured had pinged for longer.)"""
    tick = case['config']['tickTime']
    serving_s = scenario.serving_s(case)
    start = (serving_s + WARM_UP_S + REST_S) * 1000 + tick * (seed * scenario.SPREAD % 1)
    # What the servers granted is what counts: their limits, as configured, need not be told.
    timeout = case.get('negotiated_timeout') or case.get('requested_timeout', 20 * tick)
    made = scenario.of(case, f'{case["id"]}.{seed}', leader=case['leader'],
                       duration_s=(start + timeout + 4 * tick) / 1000 + 1)
    made['clients'] = [scenario.client(
        'victim', [case['client_at']], start=scenario.ms(start), operations={'get': 1},
        operations_each=2, load=scenario.closed(1, tick), session_timeout=scenario.ms(timeout),
        leave={'at': scenario.ms(start + tick + STAYS_MS), 'how': how}),
        scenario.warm_up(case, serving_s, serving_s + WARM_UP_S)]
    made['trace'] = {'from': scenario.ms(start)}
    return made


def _end(case, simulator, seed, how, begins):
    """From the victim's last request to what the leader's clients see of the session's end."""
    path = simulator.write(_scenario(case, seed, how))
    records = simulator.records(path, seed, ('invoke', 'deliver'), 'protocol')
    last = [r['t_ns'] for r in records if r['kind'] == 'invoke' and r['operation'] == begins]
    ends = [r['t_ns'] for r in records if r['kind'] == 'deliver' and
            r['node'] == case['leader'] and last and r['t_ns'] > last[-1]]
    return (ends[0] - last[-1]) / 1e6 if ends else None


def compare_expiry(case, simulator, full):
    how = {'fin': 'closed', 'silent': 'silent'}[case['mode']]
    times = simulator.each(lambda seed: _end(case, simulator, seed, how, 'get'),
                           range(1, (400 if full else 200) + 1), case['id'])
    times = [t for t in times if t is not None]
    yield measure.told('p50', f'{case["ms"]["p50"]:.1f} ms',
                       f'{measure.percentile(times, 0.5) or 0:.1f} ms')
    measured = measure.samples_of({**case['ms'], 'samples': case.get('samples')})
    yield measure.distance('to the end of the session', measured, times, KS_LIMIT)


def compare_close(case, simulator, full):
    times = simulator.each(
        lambda seed: _end(case, simulator, seed, 'close_session', 'close_session'),
        range(1, (100 if full else 60) + 1), case['id'])
    times = [t for t in times if t is not None]
    yield measure.close('to the deletion p50', case['ms']['p50'], measure.percentile(times, 0.5),
                        share=CLOSE_SHARE)
