"""Runs scenarios with zabsim, several at a time, and reads what they print."""

import concurrent.futures
import json
import os
import subprocess
import sys

import scenario

# Worse than an unmet expectation: what these runs print is no prediction.
BROKEN = {1: 'a safety guarantee was violated', 2: 'the scenario is refused',
          70: 'an internal error', 130: 'interrupted'}
ATTEMPTS, SEEDS = 20, 100_000  # SEEDS: more than a case has.


class RunError(Exception):
    """A run that came to no result."""


def is_served_by(leader, results):
    """Whether this server led all the while that counts, and clients were answered."""
    leaders, operations = results['leaders'], results['operations'].values()
    return bool(leaders) and leaders[-1]['leader'] == leader and results['elections'] == 0 and \
        any(o['latency']['count'] for o in operations)


def retried(run, seed, otherwise):
    """What `run` makes of this seed or, where that is None, of another."""
    for attempt in range(ATTEMPTS):
        found = run(seed + attempt * SEEDS)
        if found is not None:
            return found
    raise RunError(f'{otherwise}, in {ATTEMPTS} runs')


class Simulator:
    """Requires: `folder` exists and may be written to."""

    def __init__(self, zabsim, root, folder, jobs):
        self.zabsim = zabsim
        self.profile = os.path.relpath(os.path.join(root, scenario.PROFILE), folder)
        self.folder = folder
        self.release = scenario.RELEASE
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=jobs)

    def write(self, made):
        path = os.path.join(self.folder, made['name'].replace('/', '_') + '.json')
        with open(path, 'w', encoding='utf-8') as file:
            json.dump({'extends': self.profile, **made, 'release': self.release}, file,
                      indent=1)
        return path

    def _run(self, path, seed, *options):
        command = [self.zabsim, 'run', path, '--seed', str(seed), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode in BROKEN or done.returncode < 0:
            why = BROKEN.get(done.returncode, f'signal {-done.returncode}')
            last = (done.stderr or done.stdout).strip().split('\n')
            raise RunError(f'{os.path.basename(path)} seed {seed}: {why}: {" ".join(last)[:300]}')
        return done.stdout

    def results(self, path, seed):
        """What `--json` prints of one run."""
        return json.loads(self._run(path, seed, '--json', '--check', 'none'))

    def results_under(self, leader, path, seed):
        """The same, of a run in which this server led and clients were answered, as they were when
        the case was measured. Over long links others may be elected, or a server still look for
        its leader: then of another seed."""
        def results(seed):
            found = self.results(path, seed)
            return found if is_served_by(leader, found) else None

        return retried(results, seed, f'{os.path.basename(path)}: server {leader} never led '
                       'while clients were answered')

    def records(self, path, seed, kinds, level='all'):
        """The records of these kinds, in order, of one run."""
        text = self._run(path, seed, '--trace', '-', '--level', level, '--check', 'none')
        marks = tuple(f'"kind":"{kind}"' for kind in kinds)
        return [json.loads(line) for line in text.split('\n')
                if any(mark in line for mark in marks)]

    def each(self, function, arguments, label):
        """[function(argument)], several at a time, with progress on a terminal."""
        futures = [self.pool.submit(function, argument) for argument in arguments]
        for done, future in enumerate(futures, 1):
            future.exception()
            if sys.stderr.isatty():
                print(f'\r{label}: {done} of {len(futures)} runs ', end='', file=sys.stderr)
        if sys.stderr.isatty():
            print('\r\033[K', end='', file=sys.stderr)
        return [future.result() for future in futures]
