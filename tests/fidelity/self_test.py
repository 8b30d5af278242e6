#!/usr/bin/python3
"""What the comparison makes of cases that no measured file has: links, leaders, keys, texts.

    tests/fidelity/self_test.py

Needs build/zabsim. Exit code: 0 when all hold.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case_file  # noqa: E402
import compare  # noqa: E402
import elections  # noqa: E402
import failover  # noqa: E402
import published  # noqa: E402
import latency  # noqa: E402
import scenario  # noqa: E402
import sessions  # noqa: E402
import simulate  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


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


class OfFailOvers(SelfTest):
    def moments_of(self, case, count):
        case_file.check_case(case, 'cases[0]')
        with mock.patch.object(failover, 'QUICK', count):
            return failover._pool(failover._simulate(case, self.simulator, False))

    def of_kill(self, delays, **more):
        return case_of('failover-kill-leader', delays, client='redials every 5 ms',
                       ms={'p50': 1}, **more)

    def test_who_leads_and_who_is_killed_is_read_from_the_case_and_its_rounds(self):
        at = equal(3, 5)
        self.assertEqual(failover._set_ups(self.of_kill(at, leader=2)), [(2, 1), (2, 3)])
        self.assertEqual(failover._set_ups(self.of_kill(at, killed=1, client_at=3)), [(1, 3)])
        rounds = [{'killed': 2}, {'killed': 1, 'client_at': 2}]
        self.assertEqual(failover._set_ups(self.of_kill(at, rounds=rounds)),
                         [(2, 1), (2, 3), (1, 2)])
        follower = case_of('failover-kill-follower', at, killed=3)
        self.assertEqual(failover._victims(follower), [(2, 3)])
        follower['rounds'] = [{'killed': 2, 'leader': 1}, {'client_at': 1}]
        del follower['killed']
        self.assertEqual(failover._victims(follower), [(1, 2), (3, 1)])

    def test_a_client_of_any_follower_that_is_killed_writes_at_the_next(self):
        case = case_of('failover-kill-follower', equal(5, 5), killed=2, ms={'p50': 60},
                       client='redials next server every 5 ms')
        case_file.check_case(case, 'cases[0]')
        with mock.patch.object(failover, 'QUICK', 5):
            findings = list(failover.compare_kill_follower(case, self.simulator, False))
        self.assertTrue(findings[0].passed, findings[0])

    def test_a_round_that_takes_long_is_not_left_out(self):
        java = self.of_kill(equal(3, 5))
        java['client'] = 'stock java client, all servers in its list, session timeout 10000'
        far = self.of_kill(equal(3, 150))
        for case in (java, far):
            self.assertEqual(len(self.moments_of(case, 20)['ms']), 20, case['client'])


class OfTexts(unittest.TestCase):
    def plan_of(self, text, size=5):
        return elections._stall_plan(case_of('restart-stall', equal(size, 2), description=text,
                                             result={'seconds': [1.2]}))

    def test_a_restart_is_of_those_servers_that_its_description_lists(self):
        for text in ('servers 1, 2, and 3 of 5 started', 'servers 1-3 of 5 started',
                     'servers 1, 2 and 3 of 5 started'):
            self.assertEqual(self.plan_of(text), ([1, 2, 3], {}), text)
        self.assertEqual(self.plan_of('all started together; nothing is missing'),
                         ([1, 2, 3, 4, 5], {}))

    def test_everybody_lacks_what_the_description_says(self):
        for text, lacks in (('1 lacks 10 txns, 2 lacks 5 txns', {1: 10, 2: 5}),
                            ('server 2 misses 10 transactions', {2: 10}),
                            ('servers 1 and 2 lack 7 txns', {1: 7, 2: 7}),
                            ('3 is missing 600 txns', {3: 600})):
            self.assertEqual(self.plan_of(f'servers 1-5 started; {text}')[1], lacks)

    def test_a_restart_that_nobody_can_predict_is_refused(self):
        for text in ('servers 1 and 2 of 5 started', 'servers 1-3 started; 1 lacks some txns'):
            with self.assertRaises(case_file.CaseError):
                self.plan_of(text)


class OfSessions(SelfTest):
    def test_a_session_lasts_for_the_time_out_that_was_negotiated(self):
        case = case_of('session-expiry', equal(3, 5), leader=3, client_at=3, mode='silent',
                       requested_timeout=60_000, negotiated_timeout=6000, ms={'p50': 7000})
        case_file.check_case(case, 'cases[0]')
        for seed in (1, 2, 3):
            lasted = sessions._end(case, self.simulator, seed, 'silent', 'get')
            self.assertTrue(6000 <= lasted < 8100, lasted)


class OfKeys(unittest.TestCase):
    WATCH = {'leader': 3, 'writer_at': 3, 'watchers': 10, 'watchers_at': [1, 2],
             'ms': {'p50': 18}}

    def mistake_in(self, kind, **more):
        with self.assertRaises(case_file.CaseError) as caught:
            case_file.check_case(case_of(kind, equal(3, 5), **more), 'cases[0]')
        return str(caught.exception)

    def test_a_key_that_nothing_reads_is_told(self):
        case = case_of('watch', equal(3, 5), **self.WATCH, loss=0.01, errors=0)
        case['config'].update(snapCount=400, cores=4)
        case_file.check_case(case, 'cases[0]')
        self.assertEqual(case_file.unread(case, scenario.SETTINGS), ['loss', 'config.cores'])

    def test_every_key_of_the_measured_file_is_known(self):
        cases, broken = case_file.load(os.path.join(HERE, 'real-zookeeper.json'))
        self.assertEqual(broken, [])
        for case in cases:
            self.assertEqual(case_file.unread(case, scenario.SETTINGS), [], case['id'])

    def test_a_setting_counts_in_props_and_by_its_own_name(self):
        by_name, by_props = case_of('watch', equal(3, 5)), case_of('watch', equal(3, 5))
        by_name['config'].update(snapCount=400, maxSessionTimeout=6000)
        by_props['config']['props'] = ['-Dzookeeper.snapCount=400', 'maxSessionTimeout=6000']
        for case in (by_name, by_props):
            self.assertEqual(scenario.properties(case),
                             {'snapshot_count': 400, 'max_session_ticks': 3})

    def test_props_decide_whether_the_log_is_synced(self):
        case = case_of('watch', equal(3, 5))
        case['config'].update(forceSync=False, props=['-Dzookeeper.forceSync=yes'])
        self.assertTrue(scenario.of(case, 'x', duration_s=1)['disk']['force_sync'])

    def test_jitter_alone_makes_a_link(self):
        case = case_of('latency', equal(3, 0), jitter_ms=10)
        links = scenario.of(case, 'x', duration_s=1)['network']['links']
        self.assertEqual(links[0]['delay'], {'uniform': {'min': '0ns', 'max': '10000000ns'}})

    def test_a_case_without_a_name_is_counted_by_its_place(self):
        with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
            file.write('{"cases": [{"id": 5}, {"kind": "latency"}, 7]}')
            file.flush()
            self.assertEqual(case_file.load(file.name)[0], [])
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                compare.compare_all(*case_file.load(file.name), None, False)
        self.assertIn('0 passed, 3 failed', said.getvalue())

    def test_a_mistake_is_told_with_its_key(self):
        watch = {**self.WATCH, 'watchers_at': []}
        self.assertIn('watchers_at: expected at least one', self.mistake_in('watch', **watch))
        self.assertIn('jitter_ms', self.mistake_in('watch', **self.WATCH, jitter_ms='10'))
        load = {'leader': 3, 'client_at': 1, 'ms': {'p50': 1}}
        self.assertIn('payload', self.mistake_in('latency', **load, payload=1 << 20))
        self.assertIn('ratio', self.mistake_in('latency', **load, op='mix', ratio=1.5))



class OfPublications(unittest.TestCase):
    CASE = {'id': 'x', 'profile': 'hw-a', 'servers': 3, 'clients': 4, 'machines': 1,
            'reads_percent': 0, 'payload': 100}

    def test_a_case_that_cannot_be_compared_says_why(self):
        load, rate = {'outstanding': 1, 'per_second': 9}, {'rate': 8, 'latency_ms': {'p99': 1}}
        for more, reason in (({**load, 'write_cache': False}, 'write_cache is not known'),
                             ({**load, 'rate': 8}, 'exactly one of outstanding and rate'),
                             ({'rate': 8}, 'expected per_second, or rate and latency_ms'),
                             ({'outstanding': 1, 'latency_ms': {'p50': 1}}, 'expected per_second'),
                             ({**rate, 'rate': 0}, 'rate: expected an integer from 1'),
                             ({**rate, 'rate': 7}, 'rate: expected a multiple of clients'),
                             ({**load, 'reads_percent': -1}, 'reads_percent: expected'),
                             ({**load, 'per_second': float('nan')}, 'per_second: expected'),
                             ({**load, 'machines': 1.5}, 'machines: expected an integer'),
                             ({**load, 'profile': 'hw-z'}, "profile: expected one of .*'hw-a'"),
                             ({**load, 'operation': 'get'}, 'operation: expected one of'),
                             ({**load, 'latency_ms': ['p50']}, 'latency_ms: expected an object'),
                             ({**load, 'latency_ms': {'p95': 1}}, 'latency_ms: expected'),
                             ({**load, 'latency_ms': {'p50': '2'}}, 'latency_ms: p50: expected'),
                             ({**load, 'inside_leader': True, 'leader_serves': False},
                              'inside_leader, but')):
            with self.assertRaisesRegex(case_file.CaseError, reason):
                published.check({**self.CASE, **more}, 'cases[0]')
        for more in (load, rate):
            published.check({**self.CASE, **more}, 'cases[0]')

    def test_a_rate_is_shared_by_the_clients_and_measured_long_enough(self):
        made = published.build({**self.CASE, 'rate': 1000, 'latency_ms': {'p99': 1}})
        self.assertEqual(made['clients'][0]['load'], {'open': {'constant': '250/s'}})
        self.assertEqual(made['duration'], '25000000000ns')

    def test_every_phase_of_a_fail_over_is_one_that_was_measured(self):
        cases, _ = case_file.load(os.path.join(HERE, 'real-zookeeper.json'))
        measured = {name for case in cases for name in case.get('phases_ms_after_kill', {})}
        named = {name for _, later, earlier in failover.PHASES for name in (later, earlier)}
        self.assertEqual(named - {None} - measured, set())


if __name__ == '__main__':
    unittest.main()
