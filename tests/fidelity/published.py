#!/usr/bin/python3
"""What publications report of ensembles, against what a profile of their hardware predicts.

    tests/fidelity/published.py [FILE.json] [--only TEXT]

FILE.json is published.json beside this script if none is given, and says its form; --only takes the
cases whose id contains TEXT. A case that cannot be compared counts as failed and says why. Needs
build/zabsim. Exit code: 0 all within 15 %, 1 some are not, 2 the file is none. The last line is
"N passed, N failed".
"""

import argparse
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
ZABSIM = os.path.join(ROOT, 'build/zabsim')
SHARE = 0.15
WARM_UP_S, MEASURED_S = 5, 2
LEAST_SAMPLES = 20_000  # Of a latency: a hundredth of them are 200.
PROFILES = os.path.join(ROOT, 'scenarios/profiles')


def _positive(value):
    return None if not case_file.real(value) and value >= 1 else 'expected a number of 1 or more'


def _profile(value):
    known = sorted(name.removesuffix('.json') for name in os.listdir(PROFILES))
    return case_file.one_of(*known)(value)


def _latencies(value):
    known = ('min', 'mean', 'p50', 'p90', 'p99', 'p99_9', 'max')
    if not isinstance(value, dict) or not value or set(value) - set(known):
        return 'expected an object with some of ' + ', '.join(known)
    wrong = next((name for name in value if case_file.real(value[name])), None)
    return f'{wrong}: {case_file.real(value[wrong])}' if wrong else None


NEEDED = {'profile': _profile, 'servers': case_file.ID, 'clients': case_file.integer(1, 10_000),
          'machines': case_file.integer(1, 1_000), 'reads_percent': case_file.integer(0, 100),
          'payload': case_file.PAYLOAD}
OPTIONAL = {'outstanding': case_file.integer(1, 100_000), 'rate': case_file.integer(1, 100_000),
            'per_second': _positive, 'latency_ms': _latencies, 'fitted': case_file.flag,
            'operation': case_file.one_of('set', 'create'), 'leader_serves': case_file.flag,
            'limit': case_file.integer(1, 1_000_000), 'inside_leader': case_file.flag,
            'release': case_file.text, 'sync': case_file.text}


def check(case, place):
    place = f'{place} ({case["id"]})'
    case_file.check_keys(case, place, NEEDED, OPTIONAL)
    unknown = next((key for key in case if key not in {'id', *NEEDED, *OPTIONAL}), None)
    if unknown:
        raise case_file.CaseError(f'{place}: {unknown} is not known')
    if ('outstanding' in case) == ('rate' in case):
        raise case_file.CaseError(f'{place}: exactly one of outstanding and rate says the load')
    if case.get('rate', 0) % case['clients']:
        raise case_file.CaseError(f'{place}.rate: expected a multiple of clients')
    if not ('per_second' in case or ('rate' in case and 'latency_ms' in case)):
        raise case_file.CaseError(f'{place}: expected per_second, or rate and latency_ms')
    if case.get('inside_leader') and case.get('leader_serves') is False:
        raise case_file.CaseError(f'{place}: inside_leader, but the leader serves nobody')


def _load(case):
    if 'rate' in case:
        return {'open': {'constant': f'{case["rate"] // case["clients"]}/s'}}
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
        measured_s = LEAST_SAMPLES / (case.get('per_second', case.get('rate')))
    disk = {'disk': {'sync': case['sync']}} if 'sync' in case else {}
    return {'name': case['id'], 'why': f'What does {case["profile"]} predict of {case["id"]}?',
            'duration': scenario.ms(1000 * (WARM_UP_S + measured_s)),
            'warm_up': scenario.ms(1000 * WARM_UP_S), 'ensemble': ensemble,
            'hosts': {'named': {machine: {} for machine in machines}}, 'clients': [group],
            **disk}


def compare(case, folder):
    simulator = simulate.Simulator(ZABSIM, ROOT, folder, 1)
    simulator.profile = os.path.relpath(os.path.join(PROFILES, f'{case["profile"]}.json'), folder)
    simulator.release = case.get('release', 'fixed')
    path = simulator.write(build(case))
    if case.get('inside_leader'):
        return list(_findings(case, simulator.results_under(case['servers'], path, 1)))
    return list(_findings(case, simulator.results(path, 1)))


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


def _selected(path, only):
    """[(id, its findings or the case that is to be compared)]; CaseError of a file that is none."""
    cases, broken = case_file.load(path, check)
    told = [(name, [measure.Finding('the case', '', '', reason, False)])
            for name, reason in broken]
    return [(name, what) for name, what in told + [(case['id'], case) for case in cases]
            if only in name]


def main():
    parser = argparse.ArgumentParser(description='Publications against predictions.')
    parser.add_argument('file', nargs='?', default=os.path.join(HERE, 'published.json'))
    parser.add_argument('--only', default='')
    arguments = parser.parse_args()
    try:
        selected = _selected(arguments.file, arguments.only)
    except case_file.CaseError as error:
        print(f'tests/fidelity/published.py: {error}', file=sys.stderr)
        return 2
    if not os.path.exists(ZABSIM):
        print('tests/fidelity/published.py: build/zabsim is not there: scenarios/run builds it',
              file=sys.stderr)
        return 2
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix='zabsim-published-') as folder:
        for name, what in selected:
            is_case = isinstance(what, dict)
            print(name + ('  (fitted)' if is_case and what.get('fitted') else ''))
            for finding in _compared(what, os.path.realpath(folder)) if is_case else what:
                print(measure.line(finding), flush=True)
                passed, failed = passed + finding.passed, failed + (not finding.passed)
    print(f'{passed} passed, {failed} failed')
    return 0 if failed == 0 and passed else 1


if __name__ == '__main__':
    sys.exit(main())
