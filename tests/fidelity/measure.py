"""Quantities, the rules by which they pass, and the lines that tell of them."""

import bisect
import dataclasses


def percentile(samples, share):
    """Of samples in any order, interpolated between neighbours as the measurements are."""
    ordered = sorted(samples)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def samples_of(figures, count=40):
    """The samples of a distribution, or such as have its percentiles."""
    if figures.get('samples'):
        return figures['samples']
    known = [(share, figures[key]) for key, share in
             (('min', 0), ('p10', 0.1), ('p50', 0.5), ('p90', 0.9), ('p99', 0.99), ('max', 1))
             if key in figures]
    found = []
    for share in ((i + 0.5) / count for i in range(count)):
        low = max((k for k in known if k[0] <= share), default=known[0])
        high = min((k for k in known if k[0] >= share), default=known[-1])
        part = (share - low[0]) / (high[0] - low[0]) if high[0] > low[0] else 0
        found.append(low[1] + part * (high[1] - low[1]))
    return found


def kolmogorov_smirnov(left, right):
    """The largest distance between the two empirical distribution functions."""
    left, right = sorted(left), sorted(right)
    return max(abs(bisect.bisect_right(left, x) / len(left) -
                   bisect.bisect_right(right, x) / len(right)) for x in left + right)


@dataclasses.dataclass
class Finding:
    """One quantity: what was measured, what is predicted, and whether the rule holds.
    `passed` is None for what is only told."""
    name: str
    measured: str
    predicted: str
    rule: str
    passed: object


def _number(value):
    if value is None:
        return 'none'
    return f'{value:,.3f}' if abs(value) < 100 else f'{value:,.1f}'


def close(name, measured, predicted, *, share, least=0.0, unit='ms'):
    """|predicted - measured| <= max(least, share of measured)."""
    limit = max(least, share * measured)
    passed = predicted is not None and abs(predicted - measured) <= limit
    off = '' if predicted is None else f'  off by {_number(predicted - measured)}'
    return Finding(name, f'{_number(measured)} {unit}', f'{_number(predicted)} {unit}',
                   f'± {_number(limit)}{off}', passed)


def distance(name, measured, predicted, limit):
    if not measured or not predicted:
        return Finding(name, f'{len(measured)} samples', f'{len(predicted)} samples',
                       'samples of both', False)
    value = kolmogorov_smirnov(measured, predicted)
    return Finding(name, f'{len(measured)} samples', f'{len(predicted)} samples',
                   f'KS {value:.3f} <= {limit}', value <= limit)


def share(name, measured, predicted, points):
    """Two shares, in percent, that may differ by so many points."""
    passed = predicted is not None and abs(measured - predicted) <= points
    told = 'none' if predicted is None else f'{predicted:.0f} %'
    return Finding(name, f'{measured:.0f} %', told, f'± {points} points', passed)


def outcome(name, measured, counts, *, race=False):
    """The measured outcome is the most frequent one; of a race it comes up at all."""
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    told = ', '.join(f'{what} {100 * n / total:.0f} %' for what, n in ranked[:4]) or 'none'
    if race:
        passed = total > 0 and counts.get(measured, 0) >= 0.05 * total
        return Finding(name, str(measured), told, 'a race: in at least 5 %', passed)
    passed = bool(ranked) and counts.get(measured, 0) == ranked[0][1]
    return Finding(name, str(measured), told, 'the most frequent', passed)


def told(name, measured, predicted):
    """Something that no rule speaks of."""
    return Finding(name, measured, predicted, '', None)


def line(finding):
    mark = {True: 'pass', False: 'FAIL', None: '    '}[finding.passed]
    return (f'  {mark}  {finding.name:<28} measured {finding.measured:>14}  '
            f'predicted {finding.predicted:>14}  {finding.rule}')
