"""grain bench: measure, one results file for each point of the matrix."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grainlib import cases, cmd_report, optimised, plots, results
from grainlib.build import Build, display_path
from grainlib.failure import Failure
from grainlib.options import positive, positives, words
from grainlib.point import ENGINES, HOST_TIME_ENGINES, Point, measure
from grainlib.table import print_results

GRANULARITIES = ("object", "subsystem", "big")
ALGORITHMS = ("tas", "ttas", "ticket", "mcs", "clh")
DEFAULT_ALGORITHM = "ticket"  # that of a kernel that is named after its granularity alone
DEFAULT_REPS = 20
SCALING_CPUS = (1, 2, 4, 8)
CONTENDED = ["pairs_0", "one_server", "server_attached", "maps"]  # where it matters how a lock waits


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("bench", help="measure; results as files of JSON lines")
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases and workloads (default: a short selection)")
    parser.add_argument("--engine", type=words, metavar="E,...", help=", ".join(ENGINES))
    parser.add_argument("--smp", type=positives, metavar="N,...", help="CPUs (default: as many as the case needs)")
    parser.add_argument("--granularity", type=words, metavar="G,...", help=", ".join(GRANULARITIES))
    parser.add_argument("--algorithm", type=words, metavar="A,...", help=", ".join(ALGORITHMS))
    parser.add_argument("--lockstat", default="off", choices=("off", "contended", "full"), help="lock statistics, too")
    parser.add_argument("--kernel", type=words, metavar="K,...", help="kernels by name, in place of the three above")
    parser.add_argument("--reps", type=positive, default=DEFAULT_REPS, metavar="N", help="samples of each (%(default)s)")
    parser.add_argument("--full", action="store_true", help="the whole matrix: hours")
    parser.add_argument("--docs", action="store_true", help="measure what docs/benchmarks.md shows, and write it: 20 min")
    parser.add_argument("--plan", action="store_true", help="print a command for each point that others may run beside")
    parser.add_argument("--output", type=Path, metavar="PATH", help="results file, or folder (build/bench/results)")
    optimised.add_arguments(parser)
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when all was measured."""
    if args.docs and not args.plan:
        plots.need_matplotlib(sys.argv)
    points = points_of(args)
    if not points:
        raise Failure("that leaves nothing to measure")
    folder = "docs" if args.docs else "results"  # a report is of all files in it
    output = args.output or Path(args.build or Path(args.under) / "bench") / folder
    if args.plan:
        print_plan(points, args, output)
        return 0
    if args.docs:
        for old in output.glob("*.jsonl"):  # of another commit, or of points that are no longer measured
            old.unlink()
    build = optimised.from_arguments(args, sorted({point.kernel for point in points}))
    status = measure_all(points, build, output)
    if args.docs and status == 0:
        cmd_report.run(make_docs_arguments(output))
    return status


def print_plan(points: list[Point], args: argparse.Namespace, output: Path) -> None:
    """The commands that may run side by side. Where ticks are the host's time that would falsify them."""
    alone = [point for point in points if point.engine in HOST_TIME_ENGINES]
    for point in points:
        if point not in alone:
            print(point.command(output, args.under, args.build))
    if alone:
        engines = ",".join(sorted({point.engine for point in alone}))
        text = f"{len(alone)} points are left out, which want the machine for themselves: --engine {engines} without --plan"
        print(f"grain: {text} measures them one after the other", file=sys.stderr)


def make_docs_arguments(output: Path) -> argparse.Namespace:
    """`grain report --docs` of these results."""
    return argparse.Namespace(results=[output], output=None, docs=True)


def kernel_name(granularity: str, algorithm: str, lockstat: str) -> str:
    """The kernel of that granularity, algorithm (empty: the default) and statistics mode."""
    if granularity not in GRANULARITIES:
        raise Failure(f"no granularity {granularity}; there is {', '.join(GRANULARITIES)}")
    if algorithm and algorithm not in ALGORITHMS:
        raise Failure(f"no algorithm {algorithm}; there is {', '.join(ALGORITHMS)}")
    if lockstat != "off":
        return f"{granularity}-{algorithm or DEFAULT_ALGORITHM}-{lockstat}"
    return granularity if algorithm in ("", DEFAULT_ALGORITHM) else f"{granularity}-{algorithm}"


def points_of(args: argparse.Namespace) -> list[Point]:
    """What the options ask for: a selection, the whole matrix, or the product of what is named."""
    refuse_contradictions(args)
    if args.full:
        return merged(point for point in full_matrix(args.reps) if args.engine is None or point.engine in args.engine)
    if args.docs:
        return merged(docs_matrix(args.reps))
    chosen = (args.engine, args.kernel, args.smp, args.granularity, args.algorithm)
    if not args.names and chosen == (None,) * len(chosen) and args.lockstat == "off":
        return merged(short_selection(args.reps))
    kernels = args.kernel or [
        kernel_name(granularity, algorithm, args.lockstat)
        for granularity in args.granularity or ["object"]
        for algorithm in args.algorithm or [""]
    ]
    names = args.names or cases.names(scaling=False)
    if args.names and args.smp is not None:
        for name in names:
            if cases.find(name).cpus > max(args.smp):
                raise Failure(f"{name} needs {cases.find(name).cpus} CPUs: --smp {cases.find(name).cpus}")
    return merged(
        point
        for engine in args.engine or ["icount"]
        for kernel in kernels
        for point in by_cpus(engine, kernel, names, args.smp, args.reps)
    )


def refuse_contradictions(args: argparse.Namespace) -> None:
    """Options of which one would be ignored, and engines that there are not."""
    for engine in args.engine or []:
        if engine not in ENGINES:
            raise Failure(f"no engine {engine}; there is {', '.join(ENGINES)}")
    of_kernel = {"--granularity": args.granularity, "--algorithm": args.algorithm}
    of_kernel["--lockstat"] = None if args.lockstat == "off" else args.lockstat
    of_points = {**of_kernel, "--kernel": args.kernel, "--smp": args.smp, "NAME": args.names or None}
    whole = "--full" if args.full else "--docs" if args.docs else ""
    if args.full and args.docs:
        raise Failure("--full or --docs, not both")
    if args.docs and args.engine:
        raise Failure("--docs says itself what it measures: leave --engine out")
    for name, value in of_points.items():
        if whole and value is not None:
            raise Failure(f"{whole} says itself what it measures: leave {name} out")
    for name, value in of_kernel.items():
        if args.kernel and value is not None:
            raise Failure(f"--kernel names the kernel: leave {name} out")


def merged(points: Iterable[Point]) -> list[Point]:
    """One point for each results file."""
    found: dict[str, Point] = {}
    for point in points:
        before = found.get(point.file_name())
        names = (*before.names, *point.names) if before else point.names
        found[point.file_name()] = replace(point, names=tuple(dict.fromkeys(names)))
    return list(found.values())


def by_cpus(engine: str, kernel: str, names: list[str], smp: list[int] | None, reps: int) -> list[Point]:
    """Points with the CPUs asked for, or with as many as each case needs."""
    if smp is not None:
        return [Point(engine, cpus, kernel, runnable(names, cpus), reps) for cpus in smp if runnable(names, cpus)]
    points = []
    for cpus in SCALING_CPUS:
        some = tuple(name for name in names if cpus == cases.find(name).cpus or cases.find(name).scaling)
        if some:
            points.append(Point(engine, cpus, kernel, some, reps))
    return points


def runnable(names: list[str], cpus: int) -> tuple[str, ...]:
    """The cases that so many CPUs are enough for."""
    return tuple(name for name in names if cases.find(name).cpus <= cpus)


def short_selection(reps: int) -> list[Point]:
    """A few minutes on two cores: primitives on icount, big lock beside them, and scaling of pairs on bochs."""
    primitives = cases.names(scaling=False)
    few = ["null", "ipc", "ipc_10", "ipc_page", "notify"]
    points = by_cpus("icount", "object", primitives, None, reps) + by_cpus("icount", "big", few, None, reps)
    for kernel in ("object", "big"):
        for cpus in (1, 4):
            points.append(Point("bochs", cpus, kernel, ("pairs_0", "pairs_4000", "one_server"), reps))
    points.append(Point("bochs", 2, "object", ("wake_notify", "wake_message", "flood", "flood_cross"), reps))
    return points


def docs_matrix(reps: int) -> list[Point]:
    """What the published page shows: exact engines alone."""
    primitives, workloads = cases.names(scaling=False), cases.names(scaling=True)
    points = by_cpus("icount", "object-slowpath", ["ipc"], None, reps)
    for granularity in GRANULARITIES:
        points += by_cpus("icount", granularity, primitives, None, reps)
        points += by_cpus("bochs", granularity, [*workloads, "wake_notify", "wake_message"], list(SCALING_CPUS), reps)
        points += with_lockstat(granularity, workloads, reps)
        for algorithm in ALGORITHMS:
            points += by_cpus("bochs", kernel_name(granularity, algorithm, "off"), CONTENDED, None, reps)
    return points


def with_lockstat(granularity: str, workloads: list[str], reps: int) -> list[Point]:
    """What locks do: shares of waiting by the statistics that disturb least, all else on the most CPUs alone."""
    points = by_cpus("bochs", kernel_name(granularity, "", "contended"), workloads, None, reps)
    return points + by_cpus("bochs", kernel_name(granularity, "", "full"), workloads, [max(SCALING_CPUS)], reps)


def full_matrix(reps: int) -> list[Point]:
    """Every engine that is of use for it, every granularity and algorithm."""
    primitives, workloads = cases.names(scaling=False), cases.names(scaling=True)
    points = by_cpus("icount", "object-slowpath", ["ipc"], None, reps)
    for granularity in GRANULARITIES:
        for algorithm in ALGORITHMS:
            kernel = kernel_name(granularity, algorithm, "off")
            points += by_cpus("icount", kernel, primitives, None, reps)
            points += by_cpus("bochs", kernel, workloads, None, reps)
        points += with_lockstat(granularity, workloads, reps)
        points += by_cpus("bochs", granularity, ["wake_notify", "wake_message"], [2], reps)
        host_cpus = [cpus for cpus in SCALING_CPUS if cpus <= len(os.sched_getaffinity(0))]
        points += by_cpus("mttcg", granularity, workloads, host_cpus, reps)
    return points


def measure_all(points: list[Point], build: Build, output: Path) -> int:
    """Measure point after point; Ctrl-C keeps what was measured."""
    problems: list[str] = []
    files: list[Path] = []
    began = time.monotonic()
    try:
        for index, point in enumerate(points):
            file = output if output.suffix == ".jsonl" else output / point.file_name()
            if file not in files:
                file.unlink(missing_ok=True)
                files.append(file)
            show_progress(points, index, time.monotonic() - began)
            problems += measure(point, build, file)
    except KeyboardInterrupt:
        problems.append("interrupted: what was measured until then is kept")
    print_results([result for file in files if file.exists() for result in results.read_file(file)])
    print(f"\nResults in {display_path(output)}; tools/grain report makes a page of them")
    for problem in problems:
        print(f"grain: {problem}", file=sys.stderr)
    return 1 if problems else 0


def show_progress(points: list[Point], index: int, seconds: float) -> None:
    """Which point is next, and how much time is left by what the ones before it took."""
    done = sum(point.seconds() for point in points[:index])
    left = sum(point.seconds() for point in points[index:])
    estimate = left * (seconds / done if done else 1)
    point = points[index]
    text = f"[{index + 1}/{len(points)}] {point.engine}, {point.smp} CPUs, {point.kernel}"
    print(f"{text}: {len(point.names)} cases; about {estimate / 60:.1f} min left", file=sys.stderr, flush=True)
