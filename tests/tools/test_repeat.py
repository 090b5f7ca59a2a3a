"""Bochs with 1, 2, 4 and 8 CPUs counts the same in two runs: what it shows of scaling is no accident. And workers
that share nothing do the same, whatever their think times were drawn to be.

    test_repeat.py BUILD_DIR
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import optimised, results  # noqa: E402
from grainlib.cmd_bench import SCALING_CPUS, runnable  # noqa: E402
from grainlib.point import Point, measure  # noqa: E402
from grainlib.tap import Tap  # noqa: E402

KERNEL = "object"
NAMES = ["ipc", "pairs_500", "one_server", "maps", "wake_notify"]
REPS = 10
THINKING = "pairs_500"
THINK_SPREAD = 0.01


def figures(cpus: int, build: optimised.Build, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """All that one run measured, by name, and what went wrong."""
    point = Point("bochs", cpus, KERNEL, runnable(NAMES, cpus), REPS)
    problems = measure(point, build, folder / "results.jsonl")
    return {result.name: result.values for result in results.read_file(folder / "results.jsonl")}, problems


def run_twice(cpus: int, build: optimised.Build) -> list[tuple[dict[str, Any], list[str]]]:
    """What two runs measured, and what went wrong in them."""
    runs = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(figures(cpus, build, Path(folder)))
    return runs


def compare(cpus: int, runs: list[tuple[dict[str, Any], list[str]]], tap: Tap) -> None:
    """One result for each thing measured."""
    for problem in [problem for _, problems in runs for problem in problems]:
        tap.result(False, f"bench_repeat: {problem}", [])
    for name in runnable(NAMES, cpus):
        first, second = (found.get(name) for found, _ in runs)
        same = first is not None and first == second
        tap.result(same, f"bench_repeat_{name}_smp{cpus}", [] if same else [f"first {first}", f"then {second}"])
    counts = runs[0][0].get(THINKING, {}).get("ops", [0])
    even = min(counts) > max(counts) * (1 - THINK_SPREAD)
    tap.result(even, f"bench_repeat_{THINKING}_think_alike_smp{cpus}", [] if even else [f"operations of a worker: {counts}"])


def main() -> int:
    """Exit status 0 when every digit is the same."""
    build = optimised.ensure(Path(sys.argv[1]), [KERNEL])
    tap = Tap.on_stdout()
    # Machines of different sizes have files of their own, and none minds what else the host does.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for cpus, runs in zip(SCALING_CPUS, pool.map(lambda cpus: run_twice(cpus, build), SCALING_CPUS)):
            compare(cpus, runs, tap)
    tap.finish()
    return 1 if tap.failures else 0


if __name__ == "__main__":
    sys.exit(main())
