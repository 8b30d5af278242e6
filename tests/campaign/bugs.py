#!/usr/bin/python3
"""Hunts for each of ZooKeeper's bugs with the one chaos file, and writes what it found.

    tests/campaign/bugs.py [--seeds N] [--only DEFECT…] [--chaos FILE]

For each defect, planted alone into release `fixed`: how many of N seeds (default 20,000) fail, with
a 95 % interval, after how many seeds and cpu seconds the first did, what a shrunk story comes to,
and whether 100 failing seeds fail alike once more. The table goes between the marks of
scenarios/bugs/README.md, the shrunk stories into scenarios/bugs/found/. Needs build/zabsim. The
last line is "N passed, N failed", of defects: one fails that is not found, is not cut down to 15
items, or does not repeat.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ZABSIM = os.path.join(ROOT, 'build/zabsim')
CHAOS = os.path.join(ROOT, 'scenarios/chaos/default.json')
README = os.path.join(ROOT, 'scenarios/bugs/README.md')
FOUND = os.path.join(ROOT, 'scenarios/bugs/found')
BEGIN, END = '<!-- hunted: begin -->', '<!-- hunted: end -->'
# Four reports are of one piece of code, and one switch (see the README).
DEFECTS = [['1154'], ['2832'], ['2845'], ['3104'], ['3642'], ['3911'], ['4394'],
           ['4643', '4646', '4685', '4785'], ['4712'], ['trunc-next-record'], ['unsynced-snapshot']]
MOST_ITEMS = 15
STORIES = 8  # Of so many failing seeds the shortest story is kept, unless one is short enough.
REPEATED = 100


def cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def fuzz(defect, first, last, folder, chaos):
    release = json.dumps({'base': 'fixed', 'defects': [defect]})
    begin = cpu()
    subprocess.run([ZABSIM, 'fuzz', chaos, '--set', f'release={release}', '--seeds',
                    f'{first}..{last}', '--out', folder], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False)
    with open(os.path.join(folder, 'results.jsonl'), encoding='utf-8') as file:
        results = {r['seed']: r for r in map(json.loads, file)}
    return results, cpu() - begin


def interval(hits, tries):
    """Wilson's, of 95 %, in percent."""
    z = 1.96
    share = hits / tries
    middle = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z / (1 + z * z / tries) * math.sqrt(
        share * (1 - share) / tries + z * z / (4 * tries * tries))
    return max(0, middle - half) * 100, min(1, middle + half) * 100


def repeats(defect, results, failing, chaos):
    """How many of the first failing seeds come to the same records once more."""
    chosen = failing[:REPEATED]
    with tempfile.TemporaryDirectory() as folder:
        again = {}
        for first, last in runs_of(chosen):
            again.update(fuzz(defect, first, last, folder, chaos)[0])
    return sum(again[seed] == results[seed] for seed in chosen), len(chosen)


def runs_of(seeds):
    """Neighbours together: few calls for what fails often."""
    runs = []
    for seed in seeds:
        if runs and seed - runs[-1][1] <= 20:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return runs


def shrunk(defect, failure, seed, chaos):
    """The story of one failing seed, cut down."""
    stem = ''.join(c if c.isalnum() or c == '_' else '-' for c in failure)
    with tempfile.TemporaryDirectory() as folder:
        fuzz(defect, seed, seed, folder, chaos)
        small = os.path.join(folder, 'small.json')
        done = subprocess.run([ZABSIM, 'shrink', os.path.join(folder, stem + '.json'), '--out',
                               small], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
        with open(small, encoding='utf-8') as file:
            return json.load(file)


def size(story):
    return len(story['capsule']['certificate'])


def keep_story(defect, results, failing, chaos):
    """Cuts a story down into scenarios/bugs/found: its items."""
    best = None
    for seed in failing[:STORIES]:
        story = shrunk(defect, results[seed]['failure'], seed, chaos)
        if best is None or size(story) < size(best):
            best = story
        if size(best) <= MOST_ITEMS:
            break
    # The build and folder it was found with are of no interest to a reader.
    best['capsule']['found_by'] = 'tests/campaign/bugs.py --only ' + defect + (
        '' if chaos == CHAOS else ' --chaos ' + os.path.relpath(chaos, ROOT))
    os.makedirs(FOUND, exist_ok=True)
    with open(os.path.join(FOUND, f'{defect}.json'), 'w', encoding='utf-8') as file:
        json.dump(best, file, indent=2)
        file.write('\n')
    return size(best)


def hunt(names, seeds, chaos):
    defect = names[0]
    with tempfile.TemporaryDirectory() as folder:
        results, spent = fuzz(defect, 1, seeds, folder, chaos)
        failing = sorted(seed for seed, r in results.items() if r['failure'])
        low, high = interval(len(failing), len(results))
        row = [', '.join(names), f'{len(failing):,} ({low:.2f} to {high:.2f} %)']
        if not failing:
            return row + ['-', '-', '-', '-', '-'], False
        first = failing[0]
        failure = results[first]['failure']
        items = keep_story(defect, results, failing, chaos)
        same, tried = repeats(defect, results, failing, chaos)
        row += [failure, f'{first:,}', f'{spent * first / seeds:.2f} s', str(items),
                f'{same} of {tried}']
        return row, items <= MOST_ITEMS and same == tried


def write_table(rows, seeds):
    lines = [BEGIN, '', f'Of {seeds:,} seeds of `scenarios/chaos/default.json`, by '
             '`tests/campaign/bugs.py`:', '',
             '| bug | seeds that fail (95 % interval) | first failure | at seed | after cpu time | '
             'items when cut down | repeated |', '|---|---|---|---|---|---|---|']
    lines += ['| ' + ' | '.join(row) + ' |' for row in rows]
    with open(README, encoding='utf-8') as file:
        text = file.read()
    begin, end = text.index(BEGIN), text.index(END)
    with open(README, 'w', encoding='utf-8') as file:
        file.write(text[:begin] + '\n'.join(lines) + '\n\n' + text[end:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--seeds', type=int, default=20_000)
    parser.add_argument('--only', nargs='+', help='these defects, and no table')
    parser.add_argument('--chaos', default=CHAOS, help='another chaos file, and no table')
    arguments = parser.parse_args()
    rows, passed, failed = [], 0, 0
    for names in DEFECTS:
        if arguments.only and not set(names) & set(arguments.only):
            continue
        row, is_good = hunt(names, arguments.seeds, os.path.abspath(arguments.chaos))
        rows.append(row)
        passed += is_good
        failed += not is_good
        print(' | '.join(row), flush=True)
    if not arguments.only and arguments.chaos == CHAOS:
        write_table(rows, arguments.seeds)
    print(f'{passed} passed, {failed} failed')
    sys.exit(0 if failed == 0 else 1)


if __name__ == '__main__':
    main()
