"""grain gate: the primitives' instructions, compared with those recorded in the tree."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grainlib import cases, optimised, results
from grainlib.build import SOURCE_DIR, Build, display_path
from grainlib.cmd_bench import by_cpus
from grainlib.failure import Failure
from grainlib.point import measure
from grainlib.table import per_operation
from grainlib.tap import Tap

RECORD = SOURCE_DIR / "tests" / "bench" / "gate.json"
TOLERANCE = 0.02
REPS = 20

# On every granularity what is most often called; all else on the kernel that is the default.
KERNELS = {
    "object": cases.names(scaling=False),
    "subsystem": ["null", "ipc", "ipc_page", "notify"],
    "big": ["null", "ipc", "ipc_page", "notify"],
}

Figures = dict[str, float]  # "kernel: case" -> instructions of one operation


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("gate", help="compare the primitives' instructions with those recorded, print TAP")
    optimised.add_place(parser)
    parser.add_argument("--update", action="store_true", help=f"write what is measured to {display_path(RECORD)}")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when nothing has become dearer."""
    build = optimised.ensure(Path(args.under), KERNELS)
    here = {"compiler": build.facts["compiler"], "emulator": results.engine_version("icount")}
    if args.update:
        write_record(here, measure_figures(build))
        return 0
    tap = Tap.on_stdout()
    record = read_record()
    if why := incomparable(record, here):
        tap.skip("gate", why)
    else:
        compare(measure_figures(build), record["figures"], tap)
    tap.finish()
    return 1 if tap.failures else 0


def incomparable(record: Mapping[str, Any], here: Mapping[str, str]) -> str:
    """Why what is measured here says nothing beside the record; empty if it does.

    The compiler has to be the same. Of the emulator the release has to be, 7.2 say: corrections in it count no other way.
    """
    if record["compiler"] != here["compiler"]:
        return f"recorded with {record['compiler']}, this build is {here['compiler']}'s"
    if release(record["emulator"]) != release(here["emulator"]):
        return f"recorded with {record['emulator']}, this is {here['emulator']}, which may count in another way"
    return ""


def release(version: str) -> list[str]:
    """The first two numbers of a version."""
    return version.split(".")[:2]


def measure_figures(build: Build) -> Figures:
    """What one operation of each case takes now."""
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for kernel, names in KERNELS.items():
            for point in by_cpus("icount", kernel, names, None, REPS):
                file = Path(folder) / point.file_name()
                problems = measure(point, build, file)
                if problems:
                    raise Failure("; ".join(problems))
                for result in results.read_file(file):
                    figures[f"{kernel}: {result.name}"] = per_operation(result)
    return figures


def compare(now: Figures, recorded: Figures, tap: Tap) -> None:
    """One result for each figure; the detail says by how much it differs."""
    for name, figure in now.items():
        if name not in recorded:
            tap.result(False, name, [f"{figure:g} instructions, not recorded: tools/grain gate --update"])
            continue
        before = recorded[name]
        difference = f"{figure:g} instructions, recorded {before:g} ({figure / before - 1:+.1%})"
        dearer = figure > before * (1 + TOLERANCE)
        tap.result(not dearer, name, [f"dearer: {difference}"] if dearer else [])
        if figure < before * (1 - TOLERANCE):
            tap.note(f"{name} is cheaper: {difference}; tools/grain gate --update records it")
    for name in recorded.keys() - now.keys():
        tap.result(False, name, ["recorded, but no longer measured: tools/grain gate --update"])


def read_record() -> dict[str, Any]:
    """The recorded figures, and the compiler and emulator they are from."""
    try:
        record: dict[str, Any] = json.loads(RECORD.read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"no record in {display_path(RECORD)} ({error}): tools/grain gate --update") from None
    return record


def write_record(here: Mapping[str, str], figures: Figures) -> None:
    """A line for each figure, so that a difference shows what changed."""
    record = {**here, "unit": "instructions (icount)", "figures": dict(sorted(figures.items()))}
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{len(figures)} figures in {display_path(RECORD)}")
