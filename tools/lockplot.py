"""Wait times of one class of locks as a plot: what `lockstat --json` printed, a line for each file.

    python3 tools/lockplot.py -o PLOT.svg [-c CLASS] FILE...

Across: how long, in powers of two; up: how many of a thousand acquisitions waited at least so long. Files are named in the
plot by their stem. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 40, 48
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


@dataclass(frozen=True)
class Curve:
    """Of one file: (ns, how many in a thousand waited at least so long), falling."""

    name: str
    points: list[tuple[float, float]]


def curve(name: str, facts: dict, wanted: str | None) -> Curve:
    """The curve of a class, or of the one that was waited for most often."""
    classes = {c["name"]: c for c in facts["classes"]}
    if wanted is not None and wanted not in classes:
        sys.exit(f"lockplot: {name}: no class {wanted}; there is {', '.join(classes)}")
    found = classes[wanted] if wanted is not None else max(classes.values(), key=lambda c: c["contended"])
    ns_per_tick = 1e6 / facts["tsc_khz"]
    left = found["contended"]
    points = []
    for bucket, count in enumerate(found["wait"]):
        points.append((2**bucket * ns_per_tick, 1000 * left / max(1, found["acquisitions"])))
        left -= count
    return Curve(f"{name}: {found['name']}", points)


def read(file: Path, wanted: str | None) -> Curve:
    """The last line of a file that is a JSON object; what else a console shows is passed over."""
    lines = [line for line in file.read_text(errors="replace").splitlines() if line.startswith("{")]
    if not lines:
        sys.exit(f"lockplot: {file}: no line with a JSON object")
    return curve(file.stem, json.loads(lines[-1]), wanted)


def nice_top(value: float) -> float:
    """The next of 1, 2, 5, 10, 20... at or above a value."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def time_text(ns: float) -> str:
    """512 ns, 33 us, 2 ms."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def plot(curves: list[Curve]) -> str:
    """The SVG."""
    used = [x for c in curves for (x, y), (_, after) in zip(c.points, c.points[1:]) if y > after]
    first, last = (min(used), max(used)) if used else (1.0, 2.0)
    first, last = math.floor(math.log2(first)), math.ceil(math.log2(last)) + 1
    top = nice_top(max((y for c in curves for _, y in c.points), default=1))

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log2(x) - first) / (last - first)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">']
    out.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    out.append(f'<text x="{LEFT}" y="20">of a thousand acquisitions, how many waited at least so long</text>')
    for i in range(5):
        x, y = at(2**first, top * i / 4)
        out.append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{top * i / 4:g}</text>')
    for power in range(first, last + 1, max(1, (last - first) // 6)):
        x, y = at(2**power, 0)
        out.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{time_text(2**power)}</text>')
    for i, c in enumerate(curves):
        colour = COLOURS[i % len(COLOURS)]
        line = " ".join("{:.1f},{:.1f}".format(*at(x, y)) for x, y in c.points if 2**first <= x <= 2**last)
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{TOP + 18 * i + 4}" fill="{colour}">{escape(c.name)}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(prog="lockplot", description="Plot lock wait times.")
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="PLOT.svg")
    parser.add_argument("-c", "--class", dest="wanted", metavar="CLASS", help="default: what was waited for most often")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    args = parser.parse_args()
    args.output.write_text(plot([read(file, args.wanted) for file in args.files]), encoding="utf-8")


if __name__ == "__main__":
    main()
