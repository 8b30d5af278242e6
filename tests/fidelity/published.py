#!/usr/bin/python3
"""Throughput that papers report, against what a hardware profile predicts.

    tests/fidelity/published.py [FILE.json]      default: published.json beside this script

The file says its form. Needs build/zabsim. Exit code: 0 all within 15 %, 1 some are not, 2 the file
is refused. The last line is "N passed, N failed".
"""

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
WARM_UP_S, MEASURED_S = 3, 2
LIMIT = 2000  # Requests in process, as published.
NEEDED = ('id', 'profile', 'servers', 'clients', 'machines', 'outstanding', 'reads_percent',
          'payload', 'per_second')
OPTIONAL = ('operation', 'fitted')


def load(path):
    try:
        with open(path, encoding='utf-8') as file:
            cases = json.load(file)['cases']
        for case in cases:
            missing = [key for key in NEEDED if key not in case]
            if missing:
                raise case_file.CaseError(f'{path}: {case.get("id")}: {missing[0]} is missing')
            unknown = [key for key in case if key not in NEEDED + OPTIONAL]
            if unknown:
                raise case_file.CaseError(f'{path}: {case["id"]}: {unknown[0]} is not known')
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise case_file.CaseError(f'{path}: {error!r}') from error
    return cases


def build(case):
    machines = [f'm{i}' for i in range(case['machines'])]
    reads = case['reads_percent']
    operations = {case.get('operation', 'set'): 100 - reads, 'get': reads}
    return {'name': case['id'], 'why': f'What does {case["profile"]} predict of {case["id"]}?',
            'duration': scenario.ms(1000 * (WARM_UP_S + MEASURED_S)),
            'warm_up': scenario.ms(1000 * WARM_UP_S),
            'ensemble': {'voters': case['servers'], 'global_outstanding_limit': LIMIT},
            'hosts': {'named': {machine: {} for machine in machines}},
            'clients': [{'count': case['clients'], 'host': machines,
                         'load': scenario.closed(case['outstanding']),
                         'payload': f'{case["payload"]}B',
                         'operations': {k: v for k, v in operations.items() if v}}]}


def compare(case, folder):
    simulator = simulate.Simulator(os.path.join(ROOT, 'build/zabsim'), ROOT, folder, 1)
    simulator.profile = os.path.relpath(
        os.path.join(ROOT, f'scenarios/profiles/{case["profile"]}.json'), folder)
    simulator.release = 'fixed'
    results = simulator.results(simulator.write(build(case)), 1)
    rate = (results['writes_per_1000_s'] + results['reads_per_1000_s']) / 1000
    name = 'fitted' if case.get('fitted') else 'predicted'
    return measure.close(name, case['per_second'], rate, share=SHARE, unit='/s')


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'published.json')
    try:
        cases = load(path)
    except case_file.CaseError as error:
        print(f'tests/fidelity/published.py: {error}', file=sys.stderr)
        return 2
    passed = 0
    with tempfile.TemporaryDirectory(prefix='zabsim-published-') as folder:
        for case in cases:
            try:
                finding = compare(case, os.path.realpath(folder))
            except simulate.RunError as error:
                finding = measure.Finding('simulation', '', '', str(error), False)
            print(f'{case["id"]}\n{measure.line(finding)}', flush=True)
            passed += finding.passed
    print(f'{passed} passed, {len(cases) - passed} failed')
    return 0 if passed == len(cases) else 1


if __name__ == '__main__':
    sys.exit(main())
