#!/usr/bin/python3
"""What publications report of ensembles, against what a profile of their hardware predicts.

    tests/fidelity/published.py [FILE.json] [--only TEXT]

FILE.json is published.json beside this script if none is given, and says its form; --only takes the
cases whose id contains TEXT. Needs build/zabsim. Exit code: 0 all within 15 %, 1 some are not, 2
the file is refused. The last line is "N passed, N failed".
"""

import argparse
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case_file  # noqa: E402
import measure  # noqa: E402
import scenario  # noqa: E402
import simulate  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SHARE = 0.15
WARM_UP_S, MEASURED_S = 5, 2
LEAST_SAMPLES = 20_000  # Of a latency: a hundredth of them are 200.
NEEDED = ('id', 'profile', 'servers', 'clients', 'machines', 'reads_percent', 'payload')
LOADS = ('outstanding', 'rate')
FIGURES = ('per_second', 'latency_ms')
POSITIVE = ('servers', 'clients', 'machines', 'outstanding', 'rate', 'per_second')
LATENCIES = ('min', 'mean', 'p50', 'p90', 'p99', 'p99_9', 'max')
OPTIONAL = LOADS + FIGURES + ('operation', 'fitted', 'limit', 'leader_serves', 'release',
                              'inside_leader', 'set')


def load(path):
    try:
        with open(path, encoding='utf-8') as file:
            cases = json.load(file)['cases']
        for number, case in enumerate(cases, 1):
            reason = _wrong_with(case)
            if reason:
                raise case_file.CaseError(f'{path}: case {number}: {reason}')
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise case_file.CaseError(f'{path}: {error!r}') from error
    return cases


def _wrong_with(case):
    if not isinstance(case, dict):
        return f'{case!r} is no case'
    missing = [key for key in NEEDED if key not in case]
    if missing:
        return f'{missing[0]} is missing'
    unknown = [key for key in case if key not in NEEDED + OPTIONAL]
    if unknown:
        return f'{unknown[0]} is not known'
    for key in ('id', 'profile'):
        if not isinstance(case[key], str):
            return f'{key} is {case[key]!r}, not a text'
    if sum(key in case for key in LOADS) != 1:
        return f'exactly one of {" and ".join(LOADS)} says the load'
    if not any(key in case for key in FIGURES):
        return f'one of {" and ".join(FIGURES)} says what was measured'
    for key in POSITIVE:
        if not isinstance(case.get(key, 1), (int, float)) or case.get(key, 1) <= 0:
            return f'{key} is {case[key]!r}, not a number above 0'
    if case['reads_percent'] not in range(101):
        return f'reads_percent is {case["reads_percent"]!r}, not a whole number from 0 to 100'
    unknown = [name for name in case.get('latency_ms', {}) if name not in LATENCIES]
    if unknown:
        return f'latency_ms: {unknown[0]} is not known; accepted: {", ".join(LATENCIES)}'
    return None


def _load(case):
    if 'rate' in case:
        return {'open': {'constant': f'{case["rate"] / case["clients"]}/s'}}
    return scenario.closed(case['outstanding'])


def build(case):
    machines = [f'm{i}' for i in range(case['machines'])]
    reads = case['reads_percent']
    operations = {case.get('operation', 'set'): 100 - reads, 'get': reads}
    group = {'count': case['clients'], 'host': machines, 'load': _load(case),
             'payload': f'{case["payload"]}B',
             'operations': {k: v for k, v in operations.items() if v}}
    if case.get('inside_leader'):
        # The greatest id wins the first election.
        group.update(host=f'server-{case["servers"]}', placement={'servers': [case['servers']]})
    ensemble = {'voters': case['servers'], 'leader_serves': case.get('leader_serves', True)}
    if 'limit' in case:
        ensemble['global_outstanding_limit'] = case['limit']
    measured_s = MEASURED_S
    if 'latency_ms' in case:
        measured_s = LEAST_SAMPLES / (case.get('per_second') or case['rate'])
    return {'name': case['id'], 'why': f'What does {case["profile"]} predict of {case["id"]}?',
            'duration': scenario.ms(1000 * (WARM_UP_S + measured_s)),
            'warm_up': scenario.ms(1000 * WARM_UP_S), 'ensemble': ensemble,
            'hosts': {'named': {machine: {} for machine in machines}}, 'clients': [group],
            **case.get('set', {})}


def compare(case, folder):
    simulator = simulate.Simulator(os.path.join(ROOT, 'build/zabsim'), ROOT, folder, 1)
    simulator.profile = os.path.relpath(
        os.path.join(ROOT, f'scenarios/profiles/{case["profile"]}.json'), folder)
    simulator.release = case.get('release', 'fixed')
    return list(_findings(case, simulator.results(simulator.write(build(case)), 1)))


def _findings(case, results):
    if 'per_second' in case:
        rate = (results['writes_per_1000_s'] + results['reads_per_1000_s']) / 1000
        yield measure.close('operations a second', case['per_second'], rate, share=SHARE, unit='/s')
    latency = results['operations']['write' if case['reads_percent'] < 50 else 'read']['latency']
    for name, was in case.get('latency_ms', {}).items():
        yield measure.close(name, was, latency[f'{name}_ns'] / 1e6, share=SHARE)


def _compared(case, folder):
    try:
        return compare(case, folder)
    except simulate.RunError as error:
        return [measure.Finding('simulation', '', '', str(error), False)]


def main():
    parser = argparse.ArgumentParser(description='Publications against predictions.')
    parser.add_argument('file', nargs='?', default=os.path.join(HERE, 'published.json'))
    parser.add_argument('--only', default='')
    arguments = parser.parse_args()
    try:
        cases = load(arguments.file)
    except case_file.CaseError as error:
        print(f'tests/fidelity/published.py: {error}', file=sys.stderr)
        return 2
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='zabsim-published-') as folder:
        for case in (case for case in cases if arguments.only in case['id']):
            print(case['id'] + ('  (fitted)' if case.get('fitted') else ''))
            for finding in _compared(case, os.path.realpath(folder)):
                print(measure.line(finding), flush=True)
                passed, failed = passed + finding.passed, failed + (not finding.passed)
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed else 1


if __name__ == '__main__':
    sys.exit(main())
