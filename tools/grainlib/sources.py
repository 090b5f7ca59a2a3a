"""The source files that the checks look at, and how the build compiles each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from grainlib.build import SOURCE_DIR, Build

FOLDERS = ("abi", "apps", "boot", "kernel", "libuser", "servers", "tests")


@dataclass(frozen=True)
class Compilation:
    """One entry of Meson's compile_commands.json."""

    file: Path
    directory: str
    command: str
    output: str


def c_files() -> list[Path]:
    """All C sources and headers of the tree."""
    found = [path for folder in FOLDERS for path in (SOURCE_DIR / folder).rglob("*.[ch]")]
    return sorted(found)


def compilations(build: Build) -> list[Compilation]:
    """How each C file is compiled, once: kernel files are also built for the other granularities, and some files for
    the host, too, which counts only where a file is for nothing else."""
    entries = json.loads((build.path / "compile_commands.json").read_text())
    found: dict[Path, Compilation] = {}
    for entry in entries:
        file = (Path(entry["directory"]) / entry["file"]).resolve()
        if file.suffix == ".c" and (file not in found or is_for_host(found[file])):
            command = entry["command"].replace(" -fcolor-diagnostics", "")
            found[file] = Compilation(file, entry["directory"], command, entry["output"])
    return sorted(found.values(), key=lambda compilation: compilation.file)


def is_for_host(compilation: Compilation) -> bool:
    """Whether that is a build of the file for a unit test."""
    return "tests/unit/" in compilation.output


def is_kernel(compilation: Compilation) -> bool:
    """Whether the file is part of a kernel image."""
    return "libkernel-" in compilation.output
