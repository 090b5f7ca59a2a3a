"""A build directory, read from the grain-build.json that Meson writes into it."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grainlib.failure import Failure

SOURCE_DIR = Path(__file__).resolve().parents[2]
DESCRIPTION = "grain-build.json"
JOS_PREFIX = "jos_"  # of the programs of the build that are for the JOS user API
ALWAYS_BUILT = ("grain", "object", "subsystem", "big")  # kernels; the others have a target each


@dataclass(frozen=True)
class Module:
    """A program in the boot image: its file and the words after its name."""

    path: Path
    args: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """The module's command line, under the name the boot loader is to give it."""
        return " ".join((name, *self.args))


def display_path(path: Path) -> str:
    """A path as short as the current directory allows."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)


class Build:
    """Kernels, programs and compiler of one build directory."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        try:
            self.facts: dict[str, Any] = json.loads((self.path / DESCRIPTION).read_text())
        except FileNotFoundError:
            raise Failure(f"no build in {display_path(self.path)}: ./run or ./check makes one") from None

    @staticmethod
    def find(path: str | None) -> Build:
        """The build asked for, or the one in the current directory, or build/ in the source tree."""
        if path is not None:
            return Build(Path(path))
        here = Path.cwd()
        return Build(here if (here / DESCRIPTION).exists() else SOURCE_DIR / "build")

    def file(self, *parts: str) -> Path:
        """A path below the build directory; its folder exists afterwards."""
        path = self.path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def kernel(self, name: str) -> Path:
        """A kernel image by name (grain, object, subsystem, big, or built on demand as big-mcs) or by path."""
        known = self.facts["kernels"]
        target = "" if name in ALWAYS_BUILT else f"kernel-{name}"
        return self._built(Path(known[name]) if name in known else Path(name), f"kernel {name}", known, target)

    def module(self, words: str, jos: bool = False) -> Module:
        """A program with its arguments: `NAME args`, `FILE.elf args` or `FILE.c args`."""
        name, *args = shlex.split(words) or [""]
        known = self.facts["programs"]
        if jos:  # the others are written for another API, and `hello` is not short for hello.c
            known = {name: path for name, path in known.items() if name.startswith(JOS_PREFIX)}
        if name.endswith(".c"):
            path = self.compile(Path(name), jos)
        else:
            what = f"JOS program {name}" if jos else f"program {name}"
            path = self._built(Path(known[name]) if name in known else Path(name), what, known)
        return Module(path, tuple(args))

    def boot_image(self, extra: dict[str, Path]) -> Path:
        """The boot image of the build, or one with further files in it."""
        if not extra:
            return self._built(Path(self.facts["boot_image"]), "boot image", {"": self.facts["boot_image"]})
        files = {**self.facts["image_files"], **extra}
        output = self.file("outside", "-".join(sorted(extra)), "boot.tar")
        partial = output.with_suffix(f".{os.getpid()}")
        command = [sys.executable, str(SOURCE_DIR / "tools" / "mkimage.py"), str(partial)]
        if subprocess.run([*command, *(f"{name}={path}" for name, path in files.items())], check=False).returncode != 0:
            raise Failure("no boot image")
        return partial.replace(output)

    def compile(self, source: Path, jos: bool = False) -> Path:
        """Build one C file from outside the tree as a user program, or as one for the JOS user API."""
        if not source.exists():
            raise Failure(f"no file {source}")
        facts = self.facts
        # Sources of the same name in other folders are other programs.
        folder = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:12]
        output = self.file("outside", "jos" if jos else "user", folder, source.stem + ".elf")
        partial = output.with_suffix(f".{os.getpid()}")  # another boot may be reading the last one
        command = [*facts["cc"], *facts["jos_args" if jos else "user_args"], "-Wall"]
        # As JOS builds its programs; and null is dereferenced on purpose.
        command += ["-Wno-format", "-Wno-unused", "-Wno-null-dereference"] if jos else []
        command += [str(source), "-o", str(partial)]
        command += [*facts["user_link_args"], facts["libjos" if jos else "libuser"], facts["builtins"]]
        if subprocess.run(command, check=False).returncode != 0:
            raise Failure(f"{source} does not compile")
        return partial.replace(output)

    def _built(self, path: Path, what: str, known: dict[str, str], target: str = "") -> Path:
        if path.is_file():
            return path
        if str(path) in known.values():
            raise Failure(f"{what} is not built yet: ninja -C {display_path(self.path)} {target}".rstrip())
        raise Failure(f"no {what}; there is {', '.join(sorted(known)) or 'none'}")
