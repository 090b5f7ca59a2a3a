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

# What a tick of the time-stamp counter is. A core's cycles it is nowhere: that of a host has a rate of its own.
UNITS = {
    "icount": "instructions",
    "bochs": "ticks",  # one instruction on every CPU at once
    "mttcg": "host ticks",
    "kvm": "TSC ticks",
}
EXACT_ENGINES = ("icount", "bochs")  # the same digits again, on any host
CONSOLE_PREFIX = "bench: "
SLOW = ", slow path"

# Kernels that are built to find more (docs/testing.md): in a kernel's name in place of an algorithm, as object-races.
KINDS = ("races", "schedules", "coverage", "undefined")


Key = tuple[str, int, str, str, str]  # engine, CPUs, kernel, lock statistics, case


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
        """Granularity and algorithm, in short, and what else makes a kernel dearer or cheaper; not its statistics."""
        options = self.header["options"]
        words = [f"{options['lock_granularity']}/{options['lock_algorithm']}"]
        if options.get("lock_algorithm_overrides"):
            words.append(str(options["lock_algorithm_overrides"]))
        if options.get("lock_padding"):
            words.append("padded")
        if options.get("kind"):
            words.append(str(options["kind"]))
        if options.get("buildtype", "release") != "release" or options.get("asserts") or options.get("lockdep"):
            words.append("debug")
        return ", ".join(words) + ("" if is_fast(self) else SLOW)

    @property
    def lockstat(self) -> str:
        """The kernel's lock statistics: off, contended, full."""
        return str(self.header["options"].get("lockstat", "off"))

    @property
    def key(self) -> Key:
        """What two results have in common that can stand for each other."""
        return (self.header["engine"], self.header["cpus"], self.kernel, self.lockstat, self.name)


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
        "engine_version": engine_version(engine),
        "unit": UNITS[engine],
        "host": host(engine),
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
    elif words and words[0] in KINDS:
        options["kind"] = words[0]
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


def engine_version(engine: str) -> str:
    """The emulator's own words for its version."""
    if engine == "bochs":
        output = subprocess.run([bochs.PROGRAM, "--help"], check=False, capture_output=True, text=True)
        match = re.search(r"Bochs x86 Emulator (\S+)", output.stdout + output.stderr)
        return f"Bochs {match[1]}" if match else "Bochs"
    output = subprocess.run([qemu.PROGRAM, "--version"], check=False, capture_output=True, text=True)
    match = re.search(r"version (\S+)", output.stdout)
    return f"QEMU {match[1]}" if match else "QEMU"


def host(engine: str) -> str:
    """The machine that the engine runs on; its kernel's release where that matters."""
    model = platform.machine()
    try:
        if match := re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()):
            model = match[1]
    except OSError:
        pass
    system = platform.system() + ("" if engine in EXACT_ENGINES else f" {platform.release()}")
    return f"{model}, {len(os.sched_getaffinity(0))} CPUs, {system}"


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


def refuse_other_commits(found: Iterable[Result]) -> None:
    """Figures of two commits belong in no one report."""
    commits = sorted({str(result.header.get("commit")) for result in found})
    if len(commits) > 1:
        why = "measure again into an empty folder, or name the files; tools/grain compare sets two beside each other"
        raise Failure(f"results of more than one commit, {' and '.join(commits)}: {why}")


def refuse_ambiguous(found: Iterable[Result]) -> None:
    """Results that look the same in a table have to be of the same kernel and commit."""
    first: dict[Key, Result] = {}
    for result in found:
        other = first.setdefault(result.key, result)
        if any(result.header.get(name) != other.header.get(name) for name in ("commit", "options")):
            raise Failure(f"two results of {', '.join(map(str, result.key))}, with different options or of different commits")


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
