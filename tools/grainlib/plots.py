"""Plots as SVG text, by matplotlib (Debian: python3-matplotlib). Text stays text, and the same data give the same file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grainlib.failure import Failure
from grainlib.usl import Fit

SYSTEM_PYTHON = "/usr/bin/python3"
RESTARTED = "GRAIN_PLOTS_RESTARTED"

# Okabe and Ito: told apart by all eyes; and a marker each.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"
WIDTH, HEIGHT = 6.4, 4.0


@dataclass
class Curve:
    """Values by number of CPUs, and what has been fitted to them."""

    name: str
    cpus: list[int]
    values: list[float]
    fit: Fit | None = None


@dataclass
class Scaling:
    """Throughput by CPUs, and below it the share of time that CPUs waited for locks."""

    unit: str
    curves: list[Curve]
    waits: list[Curve] = field(default_factory=list)


def need_matplotlib(argv: Sequence[str]) -> None:
    """Start this program again with the system's Python if this one has no matplotlib: Debian's package is for that."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        if RESTARTED not in os.environ and os.path.exists(SYSTEM_PYTHON):
            os.environ[RESTARTED] = "1"
            os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *argv])
        raise Failure("no matplotlib: install python3-matplotlib") from None


def new_figure(rows: int, height: float, **options: Any) -> tuple[Any, Any]:
    """A figure with axes one below the other."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "grain", "font.size": 10})
    matplotlib.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "axes.grid": True})
    matplotlib.rcParams.update({"grid.color": "#dddddd", "font.family": "sans-serif"})
    from matplotlib import pyplot

    return pyplot.subplots(rows, 1, figsize=(WIDTH, height), squeeze=False, layout="constrained", **options)


def svg_of(figure: Any) -> str:
    """The figure as text, without what changes from run to run."""
    from matplotlib import pyplot

    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def style(index: int) -> dict[str, Any]:
    """How the curve of that number looks."""
    return {"color": COLORS[index % len(COLORS)], "marker": MARKERS[index % len(MARKERS)], "markersize": 5}


def cpu_axis(axes: Any, curves: list[Curve]) -> None:
    """Ticks at the numbers of CPUs that were measured."""
    ticks = sorted({cpus for curve in curves for cpus in curve.cpus})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xlabel("CPUs")


def scaling(plot: Scaling) -> str:
    """Throughput with the ideal line through the best value on one CPU, the fits, and wait shares below."""
    rows = 2 if plot.waits else 1
    ratios = {"height_ratios": [3, 1]} if plot.waits else {}
    figure, grid = new_figure(rows, HEIGHT + (1.4 if plot.waits else 0), gridspec_kw=ratios)
    top = grid[0][0]
    for index, curve in enumerate(plot.curves):
        top.plot(curve.cpus, curve.values, label=curve.name, linestyle="" if curve.fit else "-", **style(index))
        if curve.fit:
            last = max(curve.cpus)
            points = [1 + (last - 1) * step / 50 for step in range(51)]
            top.plot(points, [curve.fit.at(x) for x in points], color=style(index)["color"], linewidth=1)
    one = max((curve.values[curve.cpus.index(1)] for curve in plot.curves if 1 in curve.cpus), default=None)
    last = max(cpus for curve in plot.curves for cpus in curve.cpus)
    if one is not None and last > 1:
        top.plot([1, last], [one, one * last], color="#888888", linestyle="--", linewidth=1, label="ideal")
    top.set_ylabel(f"operations in a million {plot.unit}")
    top.set_ylim(bottom=0)
    top.legend(frameon=False, fontsize=8)
    cpu_axis(top, plot.curves)
    if plot.waits:
        wait_share(grid[1][0], plot)
        grid[1][0].set_xlim(top.get_xlim())
    return svg_of(figure)


def wait_share(axes: Any, plot: Scaling) -> None:
    """Share of the CPUs' time, in the colour of the curve that it belongs to."""
    names = [curve.name for curve in plot.curves]
    for curve in plot.waits:
        index = names.index(curve.name) if curve.name in names else len(names)
        axes.plot(curve.cpus, [100 * value for value in curve.values], **style(index))
    axes.set_ylabel("lock wait, %")
    axes.set_ylim(0, max(5, 120 * max(value for curve in plot.waits for value in curve.values)))
    cpu_axis(axes, plot.waits)


def fairness(curves: list[Curve]) -> str:
    """Jain's index by CPUs."""
    figure, grid = new_figure(1, 2.6)
    axes = grid[0][0]
    for index, curve in enumerate(curves):
        axes.plot(curve.cpus, curve.values, label=curve.name, **style(index))
    axes.set_ylim(0, 1.05)
    axes.set_ylabel("Jain's index")
    axes.legend(frameon=False, fontsize=8)
    cpu_axis(axes, curves)
    return svg_of(figure)


def histogram(name: str, unit: str, buckets: dict[str, list[int]]) -> str:
    """Shares of log2 buckets, one line of bars for each class of lock."""
    figure, grid = new_figure(1, 2.8)
    axes = grid[0][0]
    used = [i for counts in buckets.values() for i, count in enumerate(counts) if count]
    first, last = min(used), max(used)
    width = 0.8 / len(buckets)
    for index, (label, counts) in enumerate(buckets.items()):
        total = sum(counts)
        places = [i + (index - (len(buckets) - 1) / 2) * width for i in range(first, last + 1)]
        shares = [100 * counts[i] / total for i in range(first, last + 1)]
        axes.bar(places, shares, width, label=label, color=COLORS[index % len(COLORS)])
    step = max(1, (last - first) // 10)
    ticks = list(range(first, last + 1, step))
    axes.set_xticks(ticks, [f"{2**i:,}" if i < 14 else f"2^{i}" for i in ticks], fontsize=8)
    axes.set_xlabel(f"{name}, {unit} (from)")
    axes.set_ylabel("share, %")
    axes.legend(frameon=False, fontsize=8)
    return svg_of(figure)
