"""Line and bar charts as SVG, with nothing but the standard library."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 48, 56
COLOURS = ['#1f6fb4', '#d1502b', '#2e8b57', '#7b4fa3']


class Axis:
    """From values to positions; logarithmic where the values span much."""

    def __init__(self, values, low, high, logarithmic, from_zero=False):
        self.logarithmic = logarithmic
        self.low, self.high = low, high
        self.least = min(values)
        self.most = max(values)
        if logarithmic:
            self.least = 10 ** math.floor(math.log10(self.least))
            self.most = 10 ** math.ceil(math.log10(self.most))
        elif from_zero:
            self.least = 0
            self.most *= 1.08
        if self.most <= self.least:
            self.most = self.least + 1

    def __call__(self, value):
        scale = math.log10 if self.logarithmic else float
        share = (scale(value) - scale(self.least)) / (scale(self.most) - scale(self.least))
        return self.low + share * (self.high - self.low)

    def ticks(self):
        if self.logarithmic:
            powers = range(round(math.log10(self.least)), round(math.log10(self.most)) + 1)
            return [10 ** power for power in powers]
        step = 10 ** math.floor(math.log10((self.most - self.least) / 2))
        while (self.most - self.least) / step > 6:
            step *= 2 if (self.most - self.least) / step < 12 else 5
        first = math.ceil(self.least / step) * step
        return [first + i * step for i in range(int((self.most - first) / step) + 1)]


def number(value):
    return f'{value:,.0f}' if value >= 10 or value == int(value) else f'{value:g}'


def text(x, y, what, anchor='middle', extra=''):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(what)}</text>'


def frame(title, x_label, y_label):
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(WIDTH / 2, 22, title, extra='font-size="15"'),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label),
        text(18, middle, y_label, extra=f'transform="rotate(-90 18 {middle})"'),
    ]


def legend(names):
    out, x = [], LEFT
    for place, name in enumerate(names):
        out.append(f'<rect x="{x}" y="31" width="12" height="8" fill="{COLOURS[place]}"/>')
        out.append(text(x + 17, 39, name, 'start'))
        x += 30 + 7 * len(name)
    return out


def horizontal_grid(axis):
    out = []
    for value in axis.ticks():
        y = axis(value)
        out.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 6, y + 4, number(value), 'end'))
    return out


def lines(title, x_label, y_label, series, log_x=False, log_y=False):
    """`series`: name → [(x, y)]."""
    points = [point for line in series.values() for point in line]
    x_axis = Axis([x for x, _ in points], LEFT + 12, WIDTH - RIGHT - 12, log_x)
    y_axis = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP + 6, log_y, from_zero=True)
    out = frame(title, x_label, y_label) + horizontal_grid(y_axis) + legend(series)
    for x in x_axis.ticks() if log_x else sorted({x for x, _ in points}):
        out.append(text(x_axis(x), HEIGHT - BOTTOM + 18, number(x)))
    for place, line in enumerate(series.values()):
        path = 'L'.join(f'{x_axis(x):.1f} {y_axis(y):.1f}' for x, y in line)
        colour = COLOURS[place]
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x_axis(x):.1f}" cy="{y_axis(y):.1f}" r="3" fill="{colour}"/>'
                for x, y in line]
    return '\n'.join(out + ['</svg>', ''])


def bars(title, x_label, y_label, names, series):
    """`series`: name → one value for each of `names`."""
    y_axis = Axis([1] + [v for line in series.values() for v in line], HEIGHT - BOTTOM, TOP + 6,
                  False, from_zero=True)
    out = frame(title, x_label, y_label) + horizontal_grid(y_axis) + legend(series)
    room = (WIDTH - RIGHT - LEFT) / len(names)
    width = room / (len(series) + 1)
    for group, name in enumerate(names):
        left = LEFT + group * room + width / 2
        out.append(text(left + width * len(series) / 2, HEIGHT - BOTTOM + 18, name))
        for place, line in enumerate(series.values()):
            x, y = left + place * width, y_axis(line[group])
            out.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width - 6:.1f}" '
                       f'height="{HEIGHT - BOTTOM - y:.1f}" fill="{COLOURS[place]}"/>')
            out.append(text(x + width / 2 - 3, y - 4, number(line[group])))
    return '\n'.join(out + ['</svg>', ''])
