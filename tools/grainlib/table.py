"""Results as tables for a terminal."""

from __future__ import annotations

from statistics import median

from grainlib import cases
from grainlib.results import Result


def spread(ticks: list[int]) -> str:
    """How far the samples lie apart."""
    return "" if min(ticks) == max(ticks) else f"{min(ticks)} to {max(ticks)}"


def per_operation(result: Result) -> float:
    """The median of a primitive's samples, for one operation."""
    return float(median(result.values["ticks"])) / int(result.values["ops"])


def jain(counts: list[int]) -> float:
    """Jain's fairness index: 1 when all have the same, 1/n when one has all."""
    squares = sum(count * count for count in counts)
    return sum(counts) ** 2 / (len(counts) * squares) if squares else 0.0


def throughput(result: Result) -> float:
    """Operations of all workers in a million ticks."""
    return 1e6 * sum(result.values["ops"]) / int(result.values["window"])


def text_of(name: str) -> str:
    """What a case is, for a reader."""
    return next((case.text for case in cases.CASES if case.name == name), name)


def title(result: Result) -> str:
    """What the results under one header were measured with."""
    header = result.header
    extra = "" if result.lockstat == "off" else f", lockstat {result.lockstat}"
    return f"{header['engine']} ({header['engine_version']}), {header['cpus']} CPUs, {result.kernel}{extra}"


def print_results(results: list[Result]) -> None:
    """All results, those with one title together."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(title(result), []).append(result)
    for name, some in groups.items():
        print(f"\n{name}")
        print_primitives([result for result in some if "ticks" in result.values])
        print_workloads([result for result in some if "window" in result.values])


def print_primitives(some: list[Result]) -> None:
    """What operations cost."""
    if not some:
        return
    clocks = sorted({result.values["clock"] for result in some if result.name != "boot_user"})
    print(f"  {'':<52}{some[0].header['unit']:>14}  (reading the clock, subtracted: {', '.join(map(str, clocks))})")
    for result in some:
        ticks = result.values["ticks"]
        figure = f"{per_operation(result):,.1f}".removesuffix(".0")
        print(f"  {text_of(result.name):<52}{figure:>14}  {spread(ticks)}".rstrip())


def print_workloads(some: list[Result]) -> None:
    """What several CPUs do together."""
    if not some:
        return
    unit = some[0].header["unit"]
    print(f"  {'operations in a million ' + unit:<52}{'':>14}  {'fairness':>8}  {'longest wait':>12}")
    for result in some:
        ops = result.values["ops"]
        wait = max(result.values.get("max_wait", [0]))
        rate = f"{throughput(result):,.1f}"
        print(f"  {text_of(result.name):<52}{rate:>14}  {jain(ops):>8.4f}  {f'{wait:,}' if wait else '':>12}".rstrip())
