#!/usr/bin/python3
"""What the comparison makes of cases that no measured file has: links, leaders, keys, texts.

    tests/fidelity/self_test.py

Needs build/zabsim. Exit code: 0 when all hold.
"""

import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402
import latency  # noqa: E402
import simulate  # noqa: E402


def case_of(kind, delays, **more):
    """A case of three servers or so, complete but for what its kind asks for."""
    return {'id': 'made-up', 'kind': kind, 'servers': len(delays), 'delays_ms': delays,
            'config': {'tickTime': 2000}, **more}


def equal(count, delay):
    return [[0 if i == j else delay for j in range(count)] for i in range(count)]


class SelfTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='zabsim-fidelity-test-')
        self.addCleanup(folder.cleanup)
        self.simulator = simulate.Simulator(os.path.join(compare.ROOT, 'build/zabsim'),
                                            compare.ROOT, os.path.realpath(folder.name), 2)


class OverLongLinks(SelfTest):
    """Delays in one way, from each server to each; a write takes what latency.delay_ms says."""

    def writes_of(self, **more):
        case = {**case_of('latency', **more), 'connections': 1, 'outstanding': 1, 'op': 'set',
                'client_delay_ms': 0, 'payload': 100, 'secs': 4}
        path = self.simulator.write(latency.build(case))
        for seed in range(1, 4):
            done = self.simulator.results_under(case['leader'], path, seed)
            yield done['operations']['set']['latency']['p50_ns'] / 1e6, latency.delay_ms(case)

    def test_the_leader_that_a_case_names_leads_however_long_its_links_are(self):
        for delay in (130, 200, 300):
            for found, asked in self.writes_of(delays=equal(3, delay), leader=3, client_at=2):
                self.assertLess(abs(found - asked), 0.02 * asked, f'delay {delay}')

    def test_no_load_begins_while_a_server_still_synchronizes(self):
        delays = [[0, 5, 30], [10, 0, 20], [40, 2, 0]]
        for found, asked in self.writes_of(delays=delays, leader=1, client_at=3):
            self.assertLess(abs(found - asked), 0.03 * asked)


if __name__ == '__main__':
    unittest.main()
