"""Runs the benchmarks and prints the report; tests/bench/run says how and builds them first.

    report.py ROOT ROUNDS SECTION,… [COMMAND…]
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile

root, rounds, sections = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(',')
beside = sys.argv[4:]

KIB = 1024
RECORD_VARIANTS = ['zero-cost cpu', 'cpu model', 'cpu model, checkers']
EVENTS = 20_000  # A pass of the instruction count.


def program(name):
    return os.path.join(root, 'build', name)


def text_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{command[0]}: exit {done.returncode}\n{done.stderr}')
    return done.stdout


def used_by(command):
    """The cpu seconds and the greatest resident size, in bytes, of one process."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: exit {process.returncode}')
    return used.ru_utime + used.ru_stime, used.ru_maxrss * KIB


def heading(title):
    print(f'\n{title}', flush=True)


def goal(value, relation, bound):
    met = value <= bound if relation == '<=' else value >= bound
    return f'(goal {relation} {bound:,}: {"met" if met else "MISSED"})'


def commits():
    """Committed writes per cpu second, with the other program's turns between."""
    heading(f'Commits: 5 servers, 100 requests outstanding, medians of {rounds}')
    times, others, details = {}, [], {}
    for _ in range(rounds):
        if beside:
            found = re.search(r'ns/op=([0-9.]+)', text_of(beside))
            if found is None:
                raise RuntimeError(f'{beside[0]} prints no "ns/op=N"')
            others.append(float(found[1]))
        for line in text_of([program('tests/commit_bench'), '1']).splitlines():
            name, time, rest = re.fullmatch(r'(.*?) +(\d+) ns/commit, .*? second, (.*)',
                                            line).groups()
            times.setdefault(name, []).append(int(time))
            details[name] = rest
    medians = {name: statistics.median(all_times) for name, all_times in times.items()}
    other = statistics.median(others) if others else None
    bounds = {'cpu model, checkers': 0.25, 'zero-cost cpu': 0.45}
    if other:
        print(f'  {"beside":<40} {other:>7,.0f} ns')
    for name, time in medians.items():
        ratio = ''
        if other:
            ratio = f'  {other / time:.3f} of the one beside'
            if name in bounds:
                ratio += ' ' + goal(other / time, '>=', bounds[name])
        print(f'  {name:<40} {time:>7,.0f} ns  {1e9 / time:>9,.0f} a second  {details[name]}'
              f'{ratio}')
    base = medians['cpu model, checkers']
    for where in ('nowhere', 'a file'):
        ratio = medians[f'cpu model, checkers, traced to {where}'] / base
        print(f'  every event traced to {where}: {ratio:.2f} times the time of trace off '
              f'{goal(ratio, "<=", 4)}')


def traces():
    heading('Trace: lines written and read')
    print('  ' + text_of([program('tests/trace_bench'), str(rounds), '50000'])
          .strip().replace('\n', '\n  '))


def idle():
    heading(f'Idle: 5 servers, no client, median of {rounds}')
    simulated = 100_000
    command = [program('zabsim'), 'run', os.path.join(root, 'tests/bench/idle.json'), '--until',
               f'{simulated}s']
    seconds = statistics.median(used_by(command)[0] for _ in range(rounds))
    speed = simulated / seconds
    print(f'  {speed:,.0f} simulated seconds per cpu second {goal(speed, ">=", 100_000)}')


def memory():
    heading('Memory: 5 servers, 20,000 writes a second, checked')
    sizes = {}
    for minutes in (10, 20):
        seconds, size = used_by([
            program('zabsim'), 'run', os.path.join(root, 'tests/bench/memory.json'), '--until',
            f'{minutes * 60}s'])
        sizes[minutes] = size / 1e6
        print(f'  {minutes} minutes: {sizes[minutes]:.1f} MB at most, {seconds:,.1f} s of cpu',
              flush=True)
    print(f'  ten minutes {goal(round(sizes[10]), "<=", 300)}; twenty against ten '
          f'{goal(round(sizes[20] / sizes[10], 2), "<=", 1)}')


def dumps_in(folder):
    """By name: the instructions of every dump that callgrind made."""
    totals = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            text = file.read()
        trigger = re.search(r'^desc: Trigger: Client Request: (.*)$', text, re.M)
        if trigger:
            totals[trigger[1]] = int(re.search(r'^(?:summary|totals): (\d+)', text, re.M)[1])
    return totals


def instructions_of(number, name):
    with tempfile.TemporaryDirectory() as folder:
        lines = text_of(['valgrind', '--tool=callgrind', '--instr-atstart=no',
                         '--collect-atstart=no', f'--callgrind-out-file={folder}/out',
                         program('tests/record_bench'), str(number), str(EVENTS)]).splitlines()
        totals = dumps_in(folder)
    rows = []
    for line in lines:
        kind, *numbers = line.split(' ')
        rows.append((kind, *map(int, numbers), totals[kind]))
    _, events, records, done, total = rows.pop(0)
    print(f'\n  {name}: {total / done:,.0f} instructions a commit, {total / events:,.0f} an event, '
          f'{total / records:,.0f} a record')
    print(f'    {"first record":<18} {"events/commit":>13} {"records/commit":>14} '
          f'{"instructions/event":>18} {"of a commit":>11} {"share":>6}')
    by_commit = sorted(((t / c, k, e / c, r / c, t / max(e, 1)) for k, e, r, c, t in rows),
                       reverse=True)
    whole = sum(row[0] for row in by_commit)
    for cost, kind, kind_events, kind_records, each in by_commit:
        print(f'    {kind:<18} {kind_events:>13.2f} {kind_records:>14.2f} {each:>18,.0f} '
              f'{cost:>11,.0f} {cost / whole:>6.1%}')


def instructions():
    heading('Instructions, counted by callgrind: events by their first record')
    for number, name in enumerate(RECORD_VARIANTS):
        instructions_of(number, name)


def main():
    status = 0
    for section in (commits, traces, idle, instructions, memory):
        if section.__name__ not in sections:
            continue
        try:
            section()
        except (RuntimeError, OSError) as error:
            print(f'  not measured: {error}')
            status = 1
    return status


sys.exit(main())
