"""grain coverage: boot tests with a kernel that counts, and say which of its lines they never reach."""

from __future__ import annotations

import argparse
import fnmatch
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grainlib import cmd_test, profile_counters, suites
from grainlib.build import SOURCE_DIR, Build
from grainlib.failure import Failure
from grainlib.machine import Machine
from grainlib.options import positive
from grainlib.tap import Tap

SUITES = ("kernel", "user", "jos", "system", "stress", "isolation", "fuzz")
CPUS = (1, 4)

# What is promised, and in which files.
WANTED = 90
AREAS = {
    "kernel/ipc": ("kernel/ipc/*",),
    "kernel/mm": ("kernel/mm/*",),
    "kernel/sched": ("kernel/sched/*",),
    "envs": ("kernel/env.*", "kernel/sys_env.c", "kernel/death.c"),
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("coverage", help="which lines of the kernel the tests never reach")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.add_argument("--kernel", default="object-coverage", metavar="VARIANT", help="default: %(default)s")
    parser.add_argument("--smp", type=positive, action="append", metavar="N", help="CPUs (default: once 1, once 4)")
    parser.add_argument("--keep", action="store_true", help="add to what was counted before")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"suites and tests (default: {' '.join(SUITES)})")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when all tests passed and what is promised was reached."""
    build = Build.find(args.build)
    kernel = build.kernel(args.kernel)
    folder = build.file("coverage", "kernel.proftext").parent
    sums = folder / "counters"
    values = [int(word) for word in sums.read_text().split()] if args.keep and sums.exists() else []
    tap = Tap.on_stdout()
    for cpus in args.smp or CPUS:
        for test in suites.find(build, args.names or list(SUITES), cpus, may_miss=True):
            name = f"{test.name} {args.kernel} smp={cpus}"
            written = boot(test.with_kernel(args.kernel, ""), folder / "written", name, tap)
            if written and values and len(written) != len(values):
                raise Failure(f"{sums} is of another kernel: leave out --keep")
            values = [a + b for a, b in zip(values or [0] * len(written), written)] if written else values
    if not values:
        raise Failure("no test wrote its counters")
    sums.write_text(" ".join(map(str, values)))
    lines = of_kernel(profile_counters.count_lines(build, kernel, values, folder))
    report = render(lines)
    (folder / "report.txt").write_text(report)
    print(report)
    tap.note(f"in {folder / 'report.txt'}, too")
    for area, patterns in AREAS.items():
        reached, total = share(lines, patterns)
        tap.result(reached * 100 >= total * WANTED, f"coverage {area} {percent(reached, total)}", [])
    tap.finish()
    return 1 if tap.failures else 0


def boot(test: suites.BootTest, results: Path, name: str, tap: Tap) -> list[int]:
    """Run a test as one result; what it wrote."""
    results.unlink(missing_ok=True)

    def with_results(machine: Machine) -> Machine:
        return replace(machine, results=results)

    problems = cmd_test.quietly(test.arguments, with_results)
    values = profile_counters.read_values(results.read_text(errors="replace")) if results.exists() else None
    if not problems and values is None:
        problems = ["it passed, but its counters did not come"]
    tap.result(not problems, name, problems)
    return values or []


def of_kernel(lines: dict[Path, dict[int, int]]) -> dict[str, dict[int, int]]:
    """Files of the kernel alone, by their path in the source tree."""
    return {
        str(file.relative_to(SOURCE_DIR)): counts
        for file, counts in sorted(lines.items())
        if file.is_relative_to(SOURCE_DIR / "kernel")
    }


def share(lines: dict[str, dict[int, int]], patterns: Iterable[str]) -> tuple[int, int]:
    """Lines reached and lines with code, in all files that match."""
    counts = [c for file, by_line in lines.items() if any(fnmatch.fnmatch(file, p) for p in patterns) for c in by_line.values()]
    return sum(count > 0 for count in counts), len(counts)


def render(lines: dict[str, dict[int, int]]) -> str:
    """A table of files, and the lines that nothing reached."""
    rows = [f"{'file':36} {'lines':>6} {'reached':>8}  not reached"]
    for file, by_line in lines.items():
        reached = sum(count > 0 for count in by_line.values())
        missed = ranges(sorted(by_line), {number for number, count in by_line.items() if count == 0})
        rows.append(f"{file:36} {len(by_line):6} {percent(reached, len(by_line)):>8}  {missed}".rstrip())
    rows.append("")
    for area, patterns in AREAS.items():
        reached, total = share(lines, patterns)
        rows.append(f"{area:36} {total:6} {percent(reached, total):>8}")
    return "\n".join(rows) + "\n"


def percent(reached: int, total: int) -> str:
    """With one digit behind the point, never rounded up."""
    return f"{reached * 1000 // total / 10 if total else 100:.1f} %"


def ranges(numbers: list[int], missed: set[int]) -> str:
    """The missed lines, those that follow each other (among lines with code) as one range."""
    found: list[list[int]] = []
    for before, number in zip([None, *numbers], numbers):
        if number not in missed:
            continue
        if found and found[-1][1] == before:
            found[-1][1] = number
        else:
            found.append([number, number])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
