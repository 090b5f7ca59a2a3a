"""Builds to measure: optimised, without asserts and lock order checks, made when they are needed.

They lie in bench/ below the user's build directory, one for each set of options, so that a figure never depends on how
the user's own build is configured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from grainlib.build import DESCRIPTION, SOURCE_DIR, Build, display_path
from grainlib.failure import Failure

CROSS_FILE = SOURCE_DIR / "cross" / "i386-elf.ini"
TARGET = "bench-images"


@dataclass(frozen=True)
class Options:
    """Build options that a measurement chooses; an empty one is Meson's default."""

    algorithm: str = ""
    fastpath: str = ""
    lockstat: str = ""

    def settings(self) -> dict[str, str]:
        """The Meson options to set."""
        named = {"lock_algorithm": self.algorithm, "fastpath": self.fastpath, "lockstat": self.lockstat}
        return {name: value for name, value in named.items() if value}

    def name(self) -> str:
        """A folder name."""
        return "-".join(["release", *(f"{name}={value}" for name, value in self.settings().items())])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which build is measured."""
    parser.add_argument("--build", metavar="DIR", help="measure this build as it is (default: an optimised one)")
    parser.add_argument(
        "--under", metavar="DIR", default=str(SOURCE_DIR / "build"), help="where optimised builds are kept (build/)"
    )
    parser.add_argument("--algorithm", default="", metavar="NAME", help="lock algorithm of the optimised build")
    parser.add_argument("--fastpath", default="", choices=("true", "false"), help="IPC fast path of the optimised build")


def from_arguments(args: argparse.Namespace) -> Build:
    """The build that the options choose, made or brought up to date."""
    if args.build is not None:
        return Build(Path(args.build))
    return ensure(Path(args.under), Options(algorithm=args.algorithm, fastpath=args.fastpath))


def ensure(under: Path, options: Options) -> Build:
    """An optimised build with these options, up to date."""
    folder = under / "bench" / options.name()
    if not (folder / DESCRIPTION).exists():
        settings = [f"-D{name}={value}" for name, value in options.settings().items()]
        command = ["meson", "setup", str(folder), "--cross-file", str(CROSS_FILE), "--buildtype=release", *settings]
        quietly([*command, *(["--wipe"] if folder.exists() else [])], f"an optimised build in {display_path(folder)}")
    quietly(["ninja", "-C", str(folder), TARGET], "")
    return Build(folder)


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
