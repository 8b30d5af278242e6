"""Writes a doctest case for each conformance case that this project plays, named by its id.

    doctest_cases.py cases.json out.cpp
"""

import json
import sys

# The others need the tree of znodes and its watches.
AREAS = ('FLEPRED', 'FLETRK', 'FLE', 'QRM', 'SYNC', 'ZAB', 'REC', 'COMMIT', 'SESS')


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        cases = json.load(file)['cases']
    lines = ['#include "tests/conformance/case.hpp"', '', '#include <doctest/doctest.h>', '']
    for case in cases:
        if case['area'] in AREAS:
            name = f'{case["id"]}: conforms to {case["source"]}'.replace('"', "'")
            lines += [f'TEST_CASE("{name}") {{ conformance::check_by_id("{case["id"]}"); }}']
    with open(sys.argv[2], 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')


main()
