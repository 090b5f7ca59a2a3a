"""Results: files of JSON objects, one a line.

A file begins with a header, which says what was measured and on what; the lines after it, up to the next header, are what
the guest's programs wrote (tests/bench/emit.h). Files can be put together in any order, and are never changed: tables and
pictures are made from them.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grainlib import bochs, qemu
from grainlib.build import SOURCE_DIR
from grainlib.failure import Failure
from grainlib.machine import Machine

# What a tick of the time-stamp counter is. Only kvm has cycles.
UNITS = {
    "icount": "instructions",
    "bochs": "ticks",  # one instruction on every CPU at once
    "mttcg": "host ticks",
    "kvm": "cycles",
}
CONSOLE_PREFIX = "bench: "
SLOW = ", slow path"


@dataclass(frozen=True)
class Result:
    """One line of a guest program, with the header it stands under."""

    header: dict[str, Any]
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """The case's or workload's name."""
        return str(self.values["bench"])

    @property
    def kernel(self) -> str:
        """Granularity and algorithm, in short; and whether the IPC fast path is off."""
        options = self.header["options"]
        return f"{options['lock_granularity']}/{options['lock_algorithm']}" + ("" if is_fast(self) else SLOW)


def is_fast(result: Result) -> bool:
    """Measured by a kernel with the IPC fast path."""
    return bool(result.header["options"].get("fastpath", True))


def engine_name(machine: Machine) -> str:
    """The engine's name in results."""
    return "mttcg" if machine.engine == "qemu" else machine.engine


def make_header(machine: Machine) -> dict[str, Any]:
    """Engine, version, host, CPUs, commit, and every build option."""
    facts = machine.build.facts
    engine = engine_name(machine)
    return {
        "grain": facts["version"],
        "commit": commit(),
        "engine": engine,
        "engine_version": engine_version(machine),
        "unit": UNITS[engine],
        "host": host(),
        "cpus": machine.smp,
        "memory_mib": machine.mem_mib,
        "options": options_of(machine),
    }


def options_of(machine: Machine) -> dict[str, Any]:
    """Every build option of the kernel that is booted. A kernel's name says in what it differs from the build's own."""
    facts = machine.build.facts
    options = {**facts["options"], "buildtype": facts["buildtype"], "compiler": facts["compiler"]}
    granularity, *words = machine.kernel_name.removeprefix("grain-").split("-")
    if granularity == "grain":
        return options
    options["lock_granularity"] = granularity
    if words == ["slowpath"]:
        options["fastpath"] = False
    elif words:
        modes = [word for word in words if word in ("contended", "full")]
        options |= {
            "lock_algorithm": words[0],
            "lock_algorithm_overrides": "",
            "lock_padding": "padded" in words,
            "lockstat": modes[0] if modes else "off",
        }
    return options


def commit() -> str:
    """The commit that is checked out; "+" behind it when files differ from it."""
    try:
        words = ["git", "-C", str(SOURCE_DIR), "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"]
        result = subprocess.run(words, check=False, capture_output=True, text=True)
    except OSError:
        return "unknown"
    return result.stdout.strip() or "unknown"


def engine_version(machine: Machine) -> str:
    """The emulator's own words for its version."""
    if machine.engine == "bochs":
        output = subprocess.run([bochs.PROGRAM, "--help"], check=False, capture_output=True, text=True)
        match = re.search(r"Bochs x86 Emulator (\S+)", output.stdout + output.stderr)
        return f"Bochs {match[1]}" if match else "Bochs"
    output = subprocess.run([qemu.PROGRAM, "--version"], check=False, capture_output=True, text=True)
    match = re.search(r"version (\S+)", output.stdout)
    return f"QEMU {match[1]}" if match else "QEMU"


def host() -> str:
    """The machine that the engine runs on."""
    model = platform.machine()
    try:
        if match := re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()):
            model = match[1]
    except OSError:
        pass
    return f"{model}, {len(os.sched_getaffinity(0))} CPUs, {platform.system()} {platform.release()}"


def collect(machine: Machine) -> list[dict[str, Any]]:
    """What the programs of a boot have written so far: on the second serial port, or as processes on the console."""
    lines: list[str] = []
    if machine.results is not None and machine.results.exists():
        lines += machine.results.read_text(errors="replace").splitlines()
    if machine.log().exists():
        console = machine.log().read_text(errors="replace").splitlines()
        lines += [line.split(CONSOLE_PREFIX, 1)[1] for line in console if CONSOLE_PREFIX in line]
    return [values for line in lines if (values := parse_line(line)) is not None]


def parse_line(line: str) -> dict[str, Any] | None:
    """A line of a guest program, or None for half a line of a boot that was ended, and other noise."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) and "bench" in values else None


def append(path: Path, header: dict[str, Any], values: Iterable[dict[str, Any]]) -> None:
    """Add a header and what belongs to it to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        for one in ({"header": header}, *values):
            file.write(json.dumps(one) + "\n")


def read(paths: Iterable[Path]) -> list[Result]:
    """All results of files, and of the files in folders."""
    results: list[Result] = []
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise Failure(f"no results in {path}")
        for file in files:
            results += read_file(file)
    return results


def read_file(path: Path) -> list[Result]:
    """The results of one file."""
    header: dict[str, Any] | None = None
    results = []
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            values = json.loads(line)
        except ValueError:
            raise Failure(f"{path}:{number} is no JSON object") from None
        if "header" in values:
            header = values["header"]
        elif header is None:
            raise Failure(f"{path}:{number}: a result without a header before it")
        else:
            results.append(Result(header, values))
    return results
