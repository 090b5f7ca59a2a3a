"""grain compare: what has become faster or slower between two sets of results, and by how much."""

from __future__ import annotations

import argparse
from pathlib import Path

from grainlib import results
from grainlib.failure import Failure
from grainlib.results import EXACT_ENGINES, Key, Result, refuse_ambiguous
from grainlib.table import per_operation, text_of, throughput

NOISE = {True: 0.001, False: 0.05}  # differences below are none; by whether the engine counts exactly


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("compare", help="what got faster or slower between two sets of results")
    parser.add_argument("before", type=Path, metavar="A", help="file or folder of results")
    parser.add_argument("after", type=Path, metavar="B", help="the same, later")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0, also when something got slower."""
    lines = differences(results.read([args.before]), results.read([args.after]))
    print("\n".join(lines))
    return 0


def keyed(some: list[Result]) -> dict[Key, Result]:
    """Results that can be compared with others of the same key; of several that were measured alike the last."""
    figures = [result for result in some if "ticks" in result.values or "window" in result.values]
    refuse_ambiguous(figures)
    return {result.key: result for result in figures}


def speed(result: Result) -> float:
    """What is higher when it is better: operations in a million ticks."""
    return throughput(result) if "window" in result.values else 1e6 / max(per_operation(result), 1e-9)


def figure(result: Result) -> str:
    """The figure as it is read: a cost, or a throughput."""
    if "window" in result.values:
        return f"{throughput(result):,.1f} in a million {result.header['unit']}"
    return f"{per_operation(result):,.1f}".removesuffix(".0") + f" {result.header['unit']}"


def differences(before: list[Result], after: list[Result]) -> list[str]:
    """A line for each figure that differs, the worst first, and how many do not."""
    old, new = keyed(before), keyed(after)
    common = [key for key in new if key in old]
    if not common:
        raise Failure("the two have nothing in common: not the same engine, CPUs, kernel and case")
    changes = sorted((speed(new[key]) / speed(old[key]) - 1, key) for key in common)
    lines, same = [], 0
    for change, key in changes:
        engine, cpus, kernel, lockstat, name = key
        if abs(change) < NOISE[engine in EXACT_ENGINES]:
            same += 1
            continue
        word = "faster" if change > 0 else "slower"
        percent = change if change > 0 else 1 / (1 + change) - 1
        where = f"{engine}, {cpus} CPUs, {kernel}" + (f", lockstat {lockstat}" if lockstat != "off" else "")
        lines.append(f"{percent:7.1%} {word}  {text_of(name)} ({where}): {figure(old[key])} -> {figure(new[key])}")
    return [*lines, f"{same} of {len(common)} are the same; {len(new) + len(old) - 2 * len(common)} are on one side only"]
