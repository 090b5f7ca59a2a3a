"""From results to the parts of a report: tables as rows, plots as SVG. cmd_report writes them as HTML or for docs/."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grainlib import cases, plots, usl
from grainlib.field import ROWS, SYSTEMS
from grainlib.plots import Curve, Scaling
from grainlib.results import SLOW, Result, is_fast, refuse_ambiguous, refuse_other_commits
from grainlib.table import jain, per_operation, spread, text_of, throughput


@dataclass
class Table:
    """A header and rows of cells."""

    head: list[str]
    rows: list[list[str]]


@dataclass
class Plot:
    """A picture, a file name for it, and what it was measured with."""

    name: str
    svg: str
    caption: str
    minor: bool = False  # left out of docs/, where a table says the same


@dataclass
class Section:
    """A heading with what belongs below it, in order."""

    title: str
    parts: list[str | Table | Plot] = field(default_factory=list)


# Where a figure is far from what is to be reached, and why.
NOTES = {
    "flood_cross": "The goal is 5,000 messages of each sender, within 1 %. Senders on other CPUs keep the receiver busy, so the "
    "sender that shares its CPU is picked only when a slice is over, and gets one message through in each.",
}
WAYS_NOTE = (
    "To be reached are 20,000 ticks, as a goal 5,000. The row interrupt is also that of an idle CPU that finds work, from its "
    "end of halt to the way back to user mode."
)
HISTOGRAMS_IN_DOCS = ("pairs_0", "server_attached")
DEFAULT_FAMILY = ""  # what is added to a plot's name


def is_lockstat(result: Result) -> bool:
    """Measured by a kernel that keeps lock statistics, which cost time: no figures for tables of costs."""
    return result.lockstat != "off"


def provenance(some: list[Result]) -> str:
    """Commit, engine, host and options of results, for a caption."""
    words = []
    for key in ("commit", "engine_version", "host"):
        words.append(" and ".join(sorted({str(result.header[key]) for result in some})))
    options: dict[str, set[str]] = defaultdict(set)
    for result in some:
        for name, value in result.header["options"].items():
            options[name].add(str(value).lower())
    listed = ", ".join(f"{name} {'/'.join(sorted(values))}" for name, values in options.items() if values != {""})
    return f"Commit {words[0]}; {words[1]}; {words[2]}. Options: {listed}."


def number(value: float) -> str:
    """A figure with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


# ---- Primitives. ----


def primitives_section(results: list[Result]) -> Section | None:
    """Costs on icount beside the field's, then every other engine's."""
    some = [result for result in results if "ticks" in result.values and not is_lockstat(result)]
    if not some:
        return None
    section = Section("What one operation costs")
    exact = [result for result in some if result.header["engine"] == "icount"]
    if exact:
        section.parts += field_parts(exact)
    for engine in sorted({result.header["engine"] for result in some}):
        of_engine = [result for result in some if result.header["engine"] == engine]
        section.parts.append(all_primitives(engine, of_engine))
        section.parts.append(provenance(of_engine))
    return section


def field_parts(exact: list[Result]) -> list[str | Table | Plot]:
    """Grain's figures by granularity, what is to be reached, and other systems."""
    kernels = sorted({result.kernel for result in exact if is_fast(result)}, key=kernel_order)
    found: dict[str, dict[tuple[str, int], Result]] = defaultdict(dict)
    for result in exact:
        found[result.kernel][result.name, result.header["cpus"]] = result
    head = ["instructions (icount)", *kernels, "must reach", "goal", *SYSTEMS]
    rows = []
    for row in ROWS:
        figures = [row.figure(found[kernel + (SLOW if row.slow else "")]) for kernel in kernels]
        cells = ["-" if figure is None else number(figure) for figure in figures]
        limits = ["-" if limit is None else number(limit) for limit in (row.reach, row.goal)]
        rows.append([row.text, *cells, *limits, *row.field])
    return [Table(head, rows)]


def kernel_order(name: str) -> tuple[int, str, str]:
    """Fine locks first, the default algorithm first, what is changed beside it last."""
    granularity, _, rest = name.partition("/")
    algorithm = rest.partition(",")[0]
    order = {"object": 0, "subsystem": 1, "big": 2}.get(granularity, 3)
    return order, "" if algorithm == "ticket" else algorithm, rest


def all_primitives(engine: str, some: list[Result]) -> Table:
    """Every case, a column for each kernel."""
    some = [result for result in some if is_fast(result)]
    kernels = sorted({result.kernel for result in some}, key=kernel_order)
    clocks = sorted({int(r.values["clock"]) for r in some if not r.name.startswith("boot")})
    unit = some[0].header["unit"]
    head = [f"{unit} ({engine}); clock {'/'.join(map(str, clocks))}, subtracted", "CPUs", *kernels]
    rows = []
    for case in cases.CASES:
        for cpus in sorted({r.header["cpus"] for r in some if r.name == case.name}):
            by_kernel = {r.kernel: r for r in some if r.name == case.name and r.header["cpus"] == cpus}
            cells = [cost(by_kernel[kernel]) if kernel in by_kernel else "-" for kernel in kernels]
            rows.append([case.text, str(cpus), *cells])
    return Table(head, rows)


def cost(result: Result) -> str:
    """Median, and the spread where there is one, for one operation."""
    ops = int(result.values["ops"])
    ticks = [value / ops for value in result.values["ticks"]]
    text = number(per_operation(result))
    return f"{text} ({number(min(ticks))} to {number(max(ticks))})" if spread(result.values["ticks"]) else text


# ---- Workloads. ----


def workload_sections(results: list[Result]) -> list[Section]:
    """One for each workload and engine."""
    groups: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if "window" in result.values:
            groups[(result.name, result.header["engine"])].append(result)
    order = {case.name: index for index, case in enumerate(cases.CASES)}
    locks = [result for result in results if result.name == "locks"]
    return [
        workload_section(name, engine, some, [r for r in locks if r.values["of"] == name and r.header["engine"] == engine])
        for (name, engine), some in sorted(groups.items(), key=lambda item: (order.get(item[0][0], 99), item[0][1]))
    ]


def curves_of(some: list[Result], value: Any) -> list[Curve]:
    """A curve for each kernel."""
    points: dict[str, dict[int, float]] = defaultdict(dict)
    for result in some:
        points[result.kernel][result.header["cpus"]] = value(result)
    return [
        Curve(kernel, sorted(points[kernel]), [points[kernel][cpus] for cpus in sorted(points[kernel])])
        for kernel in sorted(points, key=kernel_order)
    ]


def workload_section(name: str, engine: str, some: list[Result], locks: list[Result]) -> Section:
    """Throughput, fairness and locks of one workload."""
    section = Section(f"{text_of(name)} ({name}, {engine})")
    plain = [result for result in some if not is_lockstat(result)]
    caption = provenance(some)
    if plain:
        curves = curves_of(plain, throughput)
        for curve in curves:
            curve.fit = usl.fit(curve.cpus, curve.values)
        waits = curves_of(totals(waiting(locks)), lambda result: result.values["share"])
        unit = plain[0].header["unit"]
        for family, some_curves in families(curves):
            kernels = {curve.name for curve in some_curves}
            picture = plots.scaling(Scaling(unit, some_curves, [wait for wait in waits if wait.name in kernels]))
            section.parts.append(Plot(f"{name}-{engine}{family}", picture, caption))
        section.parts.append(scaling_table(curves))
        section.parts += [NOTES[name]] if name in NOTES else []
        section.parts.append(fairness_table(plain))
        for family, some_curves in families(curves_of(plain, lambda result: jain(result.values["ops"]))):
            fair = plots.fairness(some_curves)
            section.parts.append(Plot(f"{name}-{engine}-fairness{family}", fair, caption, minor=True))
    if locks:
        section.parts += lock_tables(locks, {rate_key(result): throughput(result) for result in some})
        section.parts += lock_histograms(name, engine, locks, caption)
    return section


def families(curves: list[Curve]) -> list[tuple[str, list[Curve]]]:
    """Curves for one plot each: the granularities with one algorithm; then the algorithms of each granularity."""
    by_granularity: dict[str, list[Curve]] = defaultdict(list)
    for curve in curves:
        by_granularity[curve.name.split("/")[0]].append(curve)
    if all(len(some) == 1 for some in by_granularity.values()):
        return [("", curves)]
    first = [(DEFAULT_FAMILY, [some[0] for some in by_granularity.values()])]
    return first + [(f"-{name}", some) for name, some in by_granularity.items() if len(some) > 1]


def totals(locks: list[Result]) -> list[Result]:
    """The share of all CPUs' time that was spent waiting, over all classes of one boot."""
    sums: dict[str, Result] = {}
    for result in locks:
        key = json.dumps(result.header, sort_keys=True)
        span = result.values["span"] * result.values["cpus"]
        share = result.values["wait_ticks"] / span if span else 0.0
        before = sums[key].values["share"] if key in sums else 0.0
        sums[key] = Result(result.header, {"bench": "locks", "share": before + share})
    return list(sums.values())


def scaling_table(curves: list[Curve]) -> Table:
    """Throughput by CPUs, the gain, and the fitted law."""
    counts = sorted({cpus for curve in curves for cpus in curve.cpus})
    head = ["throughput", *(f"{cpus} CPU{'s' * (cpus > 1)}" for cpus in counts), "gain", "USL sigma", "kappa"]
    rows = []
    for curve in curves:
        values = dict(zip(curve.cpus, curve.values))
        first = values.get(1)
        gain = f"{values[max(curve.cpus)] / first:.2f}x" if first else "-"
        cells = [number(values[cpus]) if cpus in values else "-" for cpus in counts]
        rows.append([curve.name, *cells, gain, *law_cells(curve.fit)])
    return Table(head, rows)


def law_cells(fit: usl.Fit | None) -> list[str]:
    """sigma and kappa with their intervals."""
    if fit is None:
        return ["-", "-"]
    return [interval(fit.sigma, fit.sigma_half), interval(fit.kappa, fit.kappa_half)]


def interval(value: float, half: float) -> str:
    """A parameter with half the width of its interval."""
    if value == 0 and half == 0:
        return "0 (bound)"
    return f"{value:.4f} ± {half:.4f}" if half != float("inf") else f"{value:.4f} (no interval)"


def fairness_table(some: list[Result]) -> Table:
    """Jain's index and the longest wait on the most CPUs."""
    rows = []
    for kernel in sorted({result.kernel for result in some}, key=kernel_order):
        last = max((r for r in some if r.kernel == kernel), key=lambda result: int(result.header["cpus"]))
        ops = last.values["ops"]
        wait = max(last.values.get("max_wait", [0]))
        cpus = str(last.header["cpus"])
        rows.append([kernel, cpus, f"{jain(ops):.4f}", f"{min(ops):,} to {max(ops):,}", f"{wait:,}" if wait else "-"])
    return Table(["fairness", "CPUs", "Jain's index", "operations of a worker", "longest wait"], rows)


# ---- Locks. ----


RateKey = tuple[str, str, int]  # kernel, its lock statistics, CPUs


def rate_key(result: Result) -> RateKey:
    """The boot that a result is from, as far as a table tells boots apart."""
    return (result.kernel, result.lockstat, result.header["cpus"])


def waiting(locks: list[Result]) -> list[Result]:
    """What is said of waiting: by the kernel that times nothing else, where it was measured; it disturbs least."""
    light = {(r.kernel, r.header["cpus"]) for r in locks if r.lockstat == "contended"}
    return [r for r in locks if r.lockstat == "contended" or (r.kernel, r.header["cpus"]) not in light]


def holding(locks: list[Result]) -> list[Result]:
    """What is said of holding, and of who holds: by the kernel that keeps all statistics."""
    return [result for result in locks if result.lockstat == "full"]


def on_most_cpus(locks: list[Result]) -> list[Result]:
    """Those with the most CPUs that were measured."""
    most = max((result.header["cpus"] for result in locks), default=0)
    return [result for result in locks if result.header["cpus"] == most]


def share(result: Result, key: str) -> str:
    """Ticks as a share of the time of all CPUs."""
    span = result.values["span"] * result.values["cpus"]
    return f"{100 * result.values[key] / span:.1f} %" if span else "-"


def lock_tables(locks: list[Result], rates: Mapping[RateKey, float]) -> list[str | Table | Plot]:
    """Who waited, and who held; with each row what the kernel did meanwhile that kept these statistics."""

    def table(some: list[Result], what: str, by: str, columns: Mapping[str, Callable[[Result], str]]) -> list[Table]:
        rows = []
        for result in sorted(some, key=lambda r: (kernel_order(r.kernel), -r.values[by])):
            rate = rates.get(rate_key(result))
            cells = ["-" if rate is None else number(rate), *(text(result) for text in columns.values())]
            rows.append([f"{result.kernel}: {result.values['class']}", *cells])
        if not rows:
            return []
        modes = "/".join(sorted({result.lockstat for result in some}))
        head = f"{what}, {some[0].header['cpus']} CPUs, lockstat {modes}"
        return [Table([head, "throughput meanwhile", *columns], rows)]

    def count(key: str) -> Callable[[Result], str]:
        return lambda result: f"{result.values[key]:,}"

    wait = {"taken": count("acquisitions"), "waited for": count("contended"), "wait share": lambda r: share(r, "wait_ticks")}
    hold = {"taken": count("acquisitions"), "handovers": count("handovers"), "hold share": lambda r: share(r, "hold_ticks")}
    return [
        *table(on_most_cpus(waiting(locks)), "waiting for locks", "wait_ticks", wait),
        *table(on_most_cpus(holding(locks)), "holding locks", "hold_ticks", hold | {"longest run so far": count("longest_run")}),
    ]


def lock_histograms(name: str, engine: str, locks: list[Result], caption: str) -> list[str | Table | Plot]:
    """How long was waited, and how long locks were held."""
    parts: list[str | Table | Plot] = []
    unit = locks[0].header["unit"]
    kinds = (("wait", "time to wait for a lock", waiting(locks)), ("hold", "time a lock is held", holding(locks)))
    for key, text, some in kinds:
        buckets = {f"{r.kernel}: {r.values['class']}": r.values[key] for r in on_most_cpus(some) if sum(r.values[key])}
        largest = dict(sorted(buckets.items(), key=lambda item: -sum(item[1]))[: len(plots.COLORS)])
        if largest:
            minor = name not in HISTOGRAMS_IN_DOCS
            parts.append(Plot(f"{name}-{engine}-{key}", plots.histogram(text, unit, largest), caption, minor))
    return parts


def ways_section(results: list[Result]) -> Section | None:
    """The longest ways through the kernel, over all boots of a kernel."""
    some = [result for result in results if result.name == "section"]
    if not some:
        return None
    engine = sorted({result.header["engine"] for result in some})[0]  # one unit in one table
    some = [result for result in some if result.header["engine"] == engine]
    kernels = sorted({result.kernel for result in some}, key=kernel_order)
    longest: dict[str, dict[str, int]] = defaultdict(dict)
    for result in some:
        by_kernel = longest[result.values["way"]]
        by_kernel[result.kernel] = max(by_kernel.get(result.kernel, 0), int(result.values["longest"]))
    order = sorted(longest, key=lambda way: -max(longest[way].values()))
    rows = [[way, *(f"{longest[way][k]:,}" if k in longest[way] else "-" for k in kernels)] for way in order]
    head = [f"longest, {some[0].header['unit']} ({engine}), waiting for locks included", *kernels]
    return Section("From kernel entry to exit, interrupts off", [Table(head, rows), WAYS_NOTE, provenance(some)])


def sections_of(results: list[Result]) -> list[Section]:
    """The whole report, of one commit."""
    refuse_other_commits(results)
    refuse_ambiguous(results)
    first = primitives_section(results)
    ways = ways_section(results)
    return [section for section in (first, ways) if section] + workload_sections(results)
