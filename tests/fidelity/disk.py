"""Cases of kind disk: the profile's distribution of an fsync."""

import measure
import scenario

SHARE = 0.10
MOST_BYTES = 1_000_000  # jute.maxbuffer: what a client may write at once.


def compare(case, simulator, full):
    alone = {'servers': 1, 'delays_ms': [[0]], 'config': {'tickTime': 2000, 'forceSync': True},
             'kind': 'disk'}
    made = scenario.of(alone, case['id'], leader=1, duration_s=20 if full else 8)
    payload = min(case['payload'], MOST_BYTES)  # Its length hardly matters.
    made['clients'] = [scenario.client('writer', [1], payload=f'{payload}B')]
    path = simulator.write(made)
    seeds = range(1, (10 if full else 2) + 1)
    runs = simulator.each(lambda seed: simulator.records(path, seed, ['synced'], 'protocol'),
                          seeds, case['id'])
    times = [r['disk_ns'] / 1e6 for run in runs for r in run if 'disk_ns' in r]
    for name, part in (('p50', 0.5), ('p90', 0.9)):
        if name in case['ms']:
            yield measure.close(f'fsync {name}', case['ms'][name],
                                measure.percentile(times, part), share=SHARE)
