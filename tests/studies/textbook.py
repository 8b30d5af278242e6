#!/usr/bin/python3
"""The three concerns of introductory texts, as studies with figures: performance, scalability and
safety of data, of the simplified protocol against Zab.

    tests/studies/textbook.py [FOLDER]    default: scenarios/textbook/figures

Writes an SVG for each figure and prints the numbers as tables. Requires build/zabsim.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import chart

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZABSIM = os.path.join(ROOT, 'build/zabsim')
NETWORK = {'delay': {'normal': {'mean': '250us', 'deviation': '40us'}}, 'bandwidth': '1Gbit/s'}
PROTOCOLS = ['textbook', 'zab']
VIOLATED = 1  # zabsim's exit code: expected here.


def run(scenario, seed=1):
    """The results of one run, as zabsim prints them."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump({'why': 'A point of a study.', 'network': NETWORK, **scenario}, file)
        file.flush()
        return run_file(file.name, '--seed', str(seed))


def run_file(path, *options):
    done = subprocess.run([ZABSIM, 'run', path, *options, '--json'],
                          capture_output=True, text=True, check=False)
    if done.returncode not in (0, VIOLATED):
        sys.exit(f'exit {done.returncode}: {done.stderr}')
    return json.loads(done.stdout)


def ms(histogram, key):
    return (histogram[key] or 0) / 1e6


def table(header, rows):
    print('| ' + ' | '.join(header) + ' |')
    print('|' + '---|' * len(header))
    for row in rows:
        print('| ' + ' | '.join(chart.number(v) if isinstance(v, (int, float)) else v
                                for v in row) + ' |')
    print(flush=True)


def performance(save):
    nodes = [3, 5, 7, 9, 11, 13]
    series = {protocol: [] for protocol in PROTOCOLS}
    for protocol in PROTOCOLS:
        for count in nodes:
            result = run({'protocol': protocol, 'duration': '8s', 'warm_up': '4s',
                          'ensemble': {'voters': count}, 'clients': [{'count': 100}]})
            series[protocol].append((count, result['writes_per_1000_s'] / 1000))
    save('throughput-by-nodes', chart.lines(
        'Writes of 100 clients', 'nodes', 'writes per second', series))
    table(['nodes'] + PROTOCOLS,
          [[n] + [series[p][i][1] for p in PROTOCOLS] for i, n in enumerate(nodes)])


def concurrency(save):
    """The shipped scenarios concurrency-1 to -1000, in both protocols."""
    rate = {protocol: [] for protocol in PROTOCOLS}
    latency = {protocol: [] for protocol in PROTOCOLS}
    rows = []
    for count in [1, 10, 100, 1_000]:
        row = [count]
        for protocol in PROTOCOLS:
            shipped = os.path.join(ROOT, f'scenarios/textbook/concurrency-{count}.json')
            result = run_file(shipped, '--set', f'protocol={protocol}')
            took = result['operations']['set']['latency']
            rate[protocol].append((count, result['writes_per_1000_s'] / 1000))
            latency[protocol].append((count, ms(took, 'p50_ns')))
            row += [rate[protocol][-1][1], latency[protocol][-1][1], ms(took, 'p99_ns')]
        rows.append(row)
    save('throughput-by-clients', chart.lines(
        'Writes of three nodes', 'clients', 'writes per second', rate, log_x=True))
    save('latency-by-clients', chart.lines(
        'A write of three nodes, median', 'clients', 'milliseconds', latency,
        log_x=True, log_y=True))
    table(['clients'] + [f'{p}: {what}' for p in PROTOCOLS
                         for what in ['writes/s', 'median, ms', 'p99, ms']], rows)


def nodes_to_501(save):
    rows, elections, latencies = [], [], []
    for count in [3, 11, 51, 101, 201, 501]:
        result = run({'protocol': 'textbook', 'duration': '12s', 'warm_up': '4s',
                      'ensemble': {'voters': count}, 'clients': [{'count': 1}],
                      'textbook': {'heartbeat': '1s', 'failure_timeout': '4s'},
                      'faults': [{'at': '8s', 'crash': 'leader'}]})
        election = ms(result['textbook']['election_time'], 'max_ns')
        latency = ms(result['operations']['set']['latency'], 'p50_ns')
        elections.append((count, election))
        latencies.append((count, latency))
        rows.append([count, election, latency, result['messages_per_1000_commits'] / 1000])
    save('nodes-to-501', chart.lines(
        'An election, and a command of one client', 'nodes', 'milliseconds',
        {'election': elections, 'command, median': latencies}, log_x=True, log_y=True))
    table(['nodes', 'election, ms', 'command, ms', 'messages a command'], rows)


def watchers_to_10000(save):
    rows, median, last = [], [], []
    for count in [1, 10, 100, 1_000, 10_000]:
        result = run({'protocol': 'textbook', 'duration': '14s', 'warm_up': '4s',
                      'ensemble': {'voters': 3}, 'cpu': {'reply': '10us'},
                      'hosts': {'default': {'nic': '1Gbit/s'}},
                      'clients': [{'name': 'administrator', 'load': {'open': {'constant': '1/s'}},
                                   'paths': {'uniform': {'count': 1}}},
                                  {'name': 'applications', 'count': count, 'watch': True}]})
        delay = result['textbook']['notification_delay']
        median.append((count, ms(delay, 'p50_ns')))
        last.append((count, ms(delay, 'max_ns')))
        rows.append([count, delay['count'], ms(delay, 'p50_ns'), ms(delay, 'max_ns')])
    save('watchers-to-10000', chart.lines(
        'From a change of configuration to its watchers', 'watchers of three nodes',
        'milliseconds', {'median': median, 'the last one': last}, log_x=True, log_y=True))
    table(['watchers', 'notifications', 'median, ms', 'the last one, ms'], rows)


FAULTS = {
    'a crash of 2 s': lambda at: {'at': at, 'crash': 'any_voter', 'lasting': '2s'},
    'a cut of 3 s': lambda at: {'at': at, 'cut': 'minority', 'lasting': '3s'},
    'a pause of 3 s': lambda at: {'at': at, 'pause': 'any_voter', 'lasting': '3s'},
}


def safety(save, faults_of_a_kind=1_000):
    each = 10  # Faults of a run: every six seconds.
    lost = {protocol: [] for protocol in PROTOCOLS}
    broken = {protocol: [] for protocol in PROTOCOLS}
    for fault in FAULTS.values():
        for protocol in PROTOCOLS:
            losses = violated = 0
            for seed in range(1, faults_of_a_kind // each + 1):
                result = run({'protocol': protocol, 'duration': '66s', 'ensemble': {'voters': 5},
                              'clients': [{'count': 3, 'load': {'closed': {'think_time': '50ms'}}}],
                              'faults': [fault(f'{6 * n + 4}s') for n in range(each)]}, seed)
                found = result['verdict']['violated']
                # Zab has no property of that name: whatever it breaks counts as a loss.
                losses += (found.get('agreed_commands_kept', 0) if protocol == 'textbook'
                           else sum(found.values()))
                violated += bool(found)
            lost[protocol].append(losses)
            broken[protocol].append(violated)
    save('commands-lost', chart.bars(
        f'Agreed commands lost per {faults_of_a_kind:,} faults', 'every six seconds',
        'commands', list(FAULTS), lost))
    runs = faults_of_a_kind // each
    table(['fault'] + [f'{p}: commands lost' for p in PROTOCOLS] +
          [f'{p}: runs of {runs} that broke a guarantee' for p in PROTOCOLS],
          [[name] + [lost[p][i] for p in PROTOCOLS] + [broken[p][i] for p in PROTOCOLS]
           for i, name in enumerate(FAULTS)])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', nargs='?', help='default: scenarios/textbook/figures',
                        default=os.path.join(ROOT, 'scenarios/textbook/figures'))
    folder = parser.parse_args().folder
    os.makedirs(folder, exist_ok=True)

    def save(name, picture):
        with open(os.path.join(folder, name + '.svg'), 'w', encoding='utf-8') as file:
            file.write(picture)
        print(f'{name}.svg:')

    performance(save)
    concurrency(save)
    nodes_to_501(save)
    watchers_to_10000(save)
    safety(save)


if __name__ == '__main__':
    main()
