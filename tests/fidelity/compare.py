#!/usr/bin/python3
"""Compares measured cases with their simulation; tests/fidelity/run builds what this needs."""

import argparse
import os
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case_file  # noqa: E402
import disk  # noqa: E402
import elections  # noqa: E402
import failover  # noqa: E402
import latency  # noqa: E402
import measure  # noqa: E402
import scenario  # noqa: E402
import sessions  # noqa: E402
import simulate  # noqa: E402
import watches  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


COMPARE = {
    'latency': latency.compare,
    'failover-kill-leader': failover.compare_kill,
    'failover-kill-follower': failover.compare_kill_follower,
    'failover-partition-leader': failover.compare_partition,
    'election': elections.compare,
    'restart-stall': elections.compare_stall,
    'session-expiry': sessions.compare_expiry,
    'session-close': sessions.compare_close,
    'watch': watches.compare,
    'disk': disk.compare,
}


def arguments():
    parser = argparse.ArgumentParser(prog='tests/fidelity/run')
    parser.add_argument('file', metavar='FILE.json')
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--only', default='', metavar='TEXT')
    parser.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    parser.add_argument('--keep', metavar='DIR')
    parser.add_argument('--check', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--zabsim', help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.jobs < 1:
        parser.error('--jobs: at least 1')
    return given


def compare_case(case, simulator, full):
    """The findings of one case; what goes wrong in its simulation is one that failed."""
    try:
        return list(COMPARE[case['kind']](case, simulator, full))
    except simulate.RunError as error:
        return [measure.Finding('simulation', '', '', str(error), False)]
    except case_file.CaseError as error:
        return [measure.Finding('case', '', '', str(error), False)]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return [measure.Finding('case', '', '', f'not understood: {error!r}', False)]


def compare_all(cases, broken, simulator, full):
    passed, failed = 0, []
    for name, mistake in broken:
        print(f'FAIL  {name}  cannot be compared\n  {mistake}')
        failed.append(name)
    for index, case in enumerate(cases, 1):
        started = time.monotonic()
        findings = compare_case(case, simulator, full)
        seconds = time.monotonic() - started
        is_good = all(finding.passed is not False for finding in findings)
        print(f'{"pass" if is_good else "FAIL"}  {case["id"]}  {case["kind"]}  '
              f'[{index} of {len(cases)}, {seconds:.0f} s]')
        for finding in findings:
            print(measure.line(finding))
        for name, text in (('note', case.get('note')),
                           ('not read', ', '.join(case_file.unread(case, scenario.SETTINGS)))):
            if text:
                print(f'        {name}: {text}')
        sys.stdout.flush()
        passed += is_good
        failed += [] if is_good else [case['id']]
    if failed:
        print(f'failed: {" ".join(failed)}')
    print(f'{passed} passed, {len(failed)} failed')
    return 1 if failed else 0


def main():
    given = arguments()
    try:
        cases, broken = case_file.load(given.file)
        if not cases:
            raise case_file.CaseError(broken[0][1])
        cases = [c for c in cases if given.only in c['id']]
        broken = [b for b in broken if given.only in str(b[0])]
        if not cases and not broken:
            raise case_file.CaseError(f'{given.file}: no case has {given.only!r} in its id')
    except case_file.CaseError as error:
        print(f'tests/fidelity/run: {error}', file=sys.stderr)
        return 2
    if given.check:
        return 0
    with tempfile.TemporaryDirectory(prefix='zabsim-fidelity-') as scratch:
        folder = given.keep or scratch
        os.makedirs(folder, exist_ok=True)
        simulator = simulate.Simulator(given.zabsim, ROOT, os.path.realpath(folder), given.jobs)
        return compare_all(cases, broken, simulator, given.full)


if __name__ == '__main__':
    sys.exit(main())
