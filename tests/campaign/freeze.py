#!/usr/bin/python3
"""Freezes random worlds: each must have the trace hash of the run that it was drawn from.

    tests/campaign/freeze.py [--seeds N] [SCENARIO…]    default: 1000, scenarios/chaos/default.json

Needs build/zabsim. The last line is "N passed, N failed", of seeds. Exit code: 0 when nothing
failed, 1 when something did.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZABSIM = os.path.join(ROOT, 'build/zabsim')


def results(*words):
    done = subprocess.run([ZABSIM, 'run', *words, '--json'], capture_output=True, text=True,
                          check=False)
    return json.loads(done.stdout) if done.stdout else sys.exit(done.stderr)


def is_alike(scenario, seed):
    drawn = results(scenario, '--seed', str(seed))['trace_hash']
    with tempfile.TemporaryDirectory() as folder:
        frozen = os.path.join(folder, 'world.json')
        subprocess.run([ZABSIM, 'freeze', scenario, '--seed', str(seed), '--out', frozen],
                       check=True)
        if results(frozen)['trace_hash'] == drawn:
            return True
    print(f'FAIL  {scenario} seed {seed}: the frozen world is another one', flush=True)
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--seeds', type=int, default=1000)
    parser.add_argument('scenario', nargs='*',
                        default=[os.path.join(ROOT, 'scenarios/chaos/default.json')])
    arguments = parser.parse_args()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        alike = list(pool.map(is_alike, *zip(*[
            (scenario, seed) for scenario in arguments.scenario
            for seed in range(1, arguments.seeds + 1)])))
    print(f'{sum(alike)} passed, {len(alike) - sum(alike)} failed')
    sys.exit(0 if all(alike) else 1)


if __name__ == '__main__':
    main()
