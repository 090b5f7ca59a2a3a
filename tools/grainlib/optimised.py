"""The build to measure: optimised, without asserts and lock order checks, made when it is needed.

The build lies in bench/ below the user's build directory, so that a figure never depends on how the user's own build is
configured. All granularities, lock algorithms and statistics modes are kernels of one build.
"""

from __future__ import annotations

import argparse
import fcntl
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from grainlib.build import DESCRIPTION, SOURCE_DIR, Build, display_path
from grainlib.failure import Failure

CROSS_FILE = SOURCE_DIR / "cross" / "i386-elf.ini"
TARGET = "bench-images"


def add_place(parser: argparse.ArgumentParser) -> None:
    """Where such builds lie."""
    parser.add_argument(
        "--under", metavar="DIR", default=str(SOURCE_DIR / "build"), help="where optimised builds are kept (build/)"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which build is measured."""
    parser.add_argument("--build", metavar="DIR", help="measure this build as it is (default: an optimised one)")
    add_place(parser)


def from_arguments(args: argparse.Namespace, kernels: Iterable[str]) -> Build:
    """The build that the options choose, with these kernels; the optimised one is made or brought up to date."""
    return Build(Path(args.build)) if args.build is not None else ensure(Path(args.under), kernels)


def ensure(under: Path, kernels: Iterable[str]) -> Build:
    """The optimised build, up to date, with these kernels."""
    folder = under / "bench" / "release"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (under / "bench" / "lock").open("w") as lock:  # two tests may want it at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        bring_up_to_date(folder, kernels)
    return Build(folder)


def bring_up_to_date(folder: Path, kernels: Iterable[str]) -> None:
    """Set up what is not there and compile what has changed."""
    if not (folder / DESCRIPTION).exists():
        command = ["meson", "setup", str(folder), "--cross-file", str(CROSS_FILE), "--buildtype=release"]
        quietly([*command, *(["--wipe"] if folder.exists() else [])], f"an optimised build in {display_path(folder)}")
    targets = [f"kernel-{name}" for name in kernels if not Path(name).is_file() and name != "grain"]
    quietly(["ninja", "-C", str(folder), TARGET, *targets], "")


def quietly(command: list[str], what: str) -> None:
    """Run a step of a build; its output is shown when it fails."""
    if what:
        print(f"grain: {what}", file=sys.stderr, flush=True)
    try:
        result = subprocess.run(
            command, cwd=SOURCE_DIR, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    except OSError as error:
        raise Failure(f"cannot start {command[0]}: {error.strerror}") from None
    if result.returncode != 0:
        print(result.stdout, file=sys.stderr)
        raise Failure(f"{command[0]} failed, see above")
