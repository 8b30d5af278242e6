#!/usr/bin/python3
"""The style test: what design and style guide demand and a machine can see.

    tests/style/check.py                  checks the project this file belongs to
    tests/style/check.py --root DIR       checks another tree
    tests/style/check.py --list-sources   prints the C++ files, for other tools
    tests/style/check.py --self-test      plants one violation of every rule; each must be found
"""

import argparse
import functools
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cpp_text  # noqa: E402
import rules  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WRITTEN_BY_PEOPLE = ('.hpp', '.cpp', '.py', '.sh', '.md', '.json', 'meson.build', '/run')


class SourceFile:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split('\n')[:-1] if text.endswith('\n') else text.split('\n')
        self.layer = rules.layer_of(path)
        self.is_cpp = path.endswith(('.hpp', '.cpp')) and self.layer is not None

    @functools.cached_property
    def blanked(self):
        return cpp_text.blank(self.text)

    @property
    def blanked_lines(self):
        return self.blanked.split('\n')

    @functools.cached_property
    def outline(self):
        return cpp_text.outline(self.blanked)


def paths_under(root):
    """Tracked and new files that git does not ignore; outside a clone: all but builds."""
    listed = subprocess.run(
        ['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        capture_output=True, check=False) if os.path.exists(os.path.join(root, '.git')) else None
    if listed and listed.returncode == 0:
        return sorted(set(listed.stdout.decode().split('\0')) - {''})
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders
                      if f not in ('.git', 'build', '__pycache__') and not f.startswith('.build-')]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(path for path in found if not path.startswith('.build-'))


def read_tree(root):
    for path in paths_under(root):
        full = os.path.join(root, path)
        if os.path.islink(full) or not os.path.isfile(full):
            continue  # Deleted but still tracked, or a link to what is checked elsewhere.
        with open(full, 'rb') as file:
            content = file.read()
        if b'\0' in content[:8192]:
            continue  # Not text.
        yield SourceFile(path, content.decode('utf-8', errors='replace'))


def all_findings(files):
    for file in files:
        applied = [rules.text_rules, rules.place_rules]
        applied += [rules.form_rules] if file.path.endswith(WRITTEN_BY_PEOPLE) else []
        applied += rules.CPP_RULES if file.is_cpp else []
        for rule in applied:
            for line, name, why in rule(file):
                yield file.path, line, name, why
    yield from rules.tree_rules(files)
    yield from rules.path_rules(files)


def findings_in(root):
    """(number of files, findings that no exemption covers, sorted)."""
    files = list(read_tree(root))
    needed, findings = set(), []
    for path, line, name, why in all_findings(files):
        if (path, name) in rules.EXEMPT:
            needed.add((path, name))
        else:
            findings.append((path, line, name, why))
    present = {file.path for file in files}
    for path, name in set(rules.EXEMPT) - needed - rules.MAY_BE_UNUSED:
        if path in present:
            findings.append((path, 1, 'stale-exemption', f'{name} is not needed here any more'))
    return len(files), sorted(findings)


def main():
    parser = argparse.ArgumentParser(description='Checks the style of the whole tree.')
    parser.add_argument('--root', default=ROOT)
    parser.add_argument('--list-sources', action='store_true')
    parser.add_argument('--self-test', action='store_true')
    arguments = parser.parse_args()
    if arguments.self_test:
        import planted
        return planted.self_test()
    if arguments.list_sources:
        print('\n'.join(file.path for file in read_tree(arguments.root) if file.is_cpp))
        return 0
    count, findings = findings_in(arguments.root)
    for path, line, name, why in findings:
        print(f'{path}:{line}: {name}: {why}')
    print(f'style: {count} files checked, {len(findings)} findings')
    return 1 if findings or count == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
