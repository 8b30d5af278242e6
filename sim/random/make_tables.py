#!/usr/bin/env python3
"""Prints sim/random/tables.cpp: python3 sim/random/make_tables.py > sim/random/tables.cpp

The tables are committed as literal integers because a program that computed them at start-up would
depend on the machine's libm. Their layout is described in tables.hpp.
"""

import decimal
import statistics

FRACTION_BITS = 40
CELLS = 256
OCTAVES = 42
OCTAVE_CELLS = 32
PER_LINE = 6


def fixed(number):
    """The number in units of 2^-40, rounded to the nearest."""
    scaled = decimal.Decimal(number) * (1 << FRACTION_BITS)
    return int(scaled.to_integral_value(rounding=decimal.ROUND_HALF_EVEN))


def logarithms():
    two = decimal.Decimal(2).ln()
    return [fixed((1 + decimal.Decimal(i) / CELLS).ln() / two) for i in range(CELLS + 2)]


def powers():
    return [fixed(decimal.Decimal(2) ** (decimal.Decimal(i) / CELLS)) for i in range(CELLS + 2)]


def normal_tails():
    """Deviations z with P(Z > z) = 2^-(octave+2) * (1 + cell/32), octave by octave."""
    normal = statistics.NormalDist()
    tails = [
        2.0 ** -(octave + 2) * (1 + cell / OCTAVE_CELLS)
        for octave in range(OCTAVES)
        for cell in range(OCTAVE_CELLS + 2)
    ]
    return [fixed(-normal.inv_cdf(tail)) for tail in tails]


def print_table(name, type_name, numbers):
    print(f"const std::array<std::int64_t, {type_name}> {name} = {{")
    for begin in range(0, len(numbers), PER_LINE):
        print("    " + ", ".join(str(n) for n in numbers[begin:begin + PER_LINE]) + ",")
    print("};")


def main():
    decimal.getcontext().prec = 60
    print("// Printed by make_tables.py; do not edit.")
    print('#include "sim/random/tables.hpp"')
    print()
    print("namespace sim {")
    print()
    print("// clang-format off")
    print_table("log2_table", "cells + 2", logarithms())
    print()
    print_table("exp2_table", "cells + 2", powers())
    print()
    print_table("normal_table", "octaves * (octave_cells + 2)", normal_tails())
    print("// clang-format on")
    print()
    print("}  // namespace sim")


if __name__ == "__main__":
    main()
