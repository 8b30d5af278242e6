#!/usr/bin/python3
"""How long `zabsim check` takes for a recorded history, and how much memory.

    tests/campaign/judging.py ZABSIM OPERATIONS FOLDER

Records tests/campaign/operations.json for as long as that many operations take, leaves the trace in
FOLDER, and has it checked. For each million operations 5 cpu seconds and 1 GB are allowed. The last
line says what it took. Exit code: 0 within, 1 beyond, or something went wrong.
"""

import json
import os
import subprocess
import sys

SECONDS_A_MILLION = 5
BYTES_A_MILLION = 1_000_000_000
OPERATIONS_A_SECOND = 10_000
WARM = 20  # Simulated seconds of elections, of which one follows the crash.


def main():
    zabsim, operations, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    scenario = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'operations.json')
    trace = os.path.join(folder, 'operations.jsonl')
    duration = WARM + operations // OPERATIONS_A_SECOND + 1
    subprocess.run([zabsim, 'run', scenario, '--set', f'duration={duration}s', '--trace', trace,
                    '--check', 'none'], check=True, stdout=subprocess.DEVNULL)
    verdict = os.path.join(folder, 'verdict.json')
    with open(verdict, 'wb') as out:
        checking = subprocess.Popen([zabsim, 'check', trace, '--json'], stdout=out)
        _, status, used = os.wait4(checking.pid, 0)
    exit_code = os.waitstatus_to_exitcode(status)
    seconds = used.ru_utime + used.ru_stime
    peak = used.ru_maxrss * 1024
    with open(verdict, encoding='utf-8') as file:
        result = json.load(file)
    with open(trace, 'rb') as lines:
        completed = sum(1 for line in lines if b'"kind":"complete"' in line)
    share = max(operations, 1_000_000) / 1_000_000
    is_within = (exit_code == 0 and completed >= operations
                 and seconds <= SECONDS_A_MILLION * share and peak <= BYTES_A_MILLION * share)
    print(f'{completed:,} operations ({os.path.getsize(trace) / 1e6:,.0f} MB, '
          f'{result["verdict"]["properties_checked"]} properties, exit {exit_code}) in '
          f'{seconds:.2f} cpu seconds and {peak / 1e6:,.0f} MB')
    sys.exit(0 if is_within else 1)


if __name__ == '__main__':
    main()
