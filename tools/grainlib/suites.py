"""The boot tests of a build, as Meson knows them, for commands that boot them with another kernel."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from grainlib.build import Build
from grainlib.failure import Failure


@dataclass(frozen=True)
class BootTest:
    """A boot test: its name, as in user/ipc_fifo, and the arguments of `grain test` that run it."""

    name: str
    arguments: tuple[str, ...]

    def with_kernel(self, kernel: str, words: str) -> BootTest:
        """The same test with another kernel, and words in front of its command line."""
        arguments = list(self.arguments)
        arguments[arguments.index("--kernel") + 1] = kernel
        if "--append" not in arguments:
            arguments = ["--append", "", *arguments]
        at = arguments.index("--append") + 1
        arguments[at] = f"{words} {arguments[at]}".strip()
        return BootTest(self.name, tuple(arguments))


def find(build: Build, names: list[str], smp: int, may_miss: bool = False) -> list[BootTest]:
    """The tests on QEMU with so many CPUs and the kernel `object` that have one of these names, or are in a suite of one."""
    found: dict[str, BootTest] = {}
    missing = set(names)
    for test in introspect(build):
        words = [str(word) for word in test["cmd"]]
        at = words.index("test") if "test" in words else -1
        if at < 1 or not words[at - 1].endswith("grain"):
            continue
        arguments = words[at + 1 :]
        name = test["name"].split(" ")[0]
        wanted = {name, name.split("/")[0]} & set(names)
        if not wanted or not is_with(arguments, "--engine", "qemu") or not is_with(arguments, "--kernel", "object"):
            continue
        if is_with(arguments, "--smp", str(smp)):
            found[name] = BootTest(name, tuple(arguments))
            missing -= wanted
    if missing and not may_miss:
        raise Failure(f"no test for {smp} CPUs in {', '.join(sorted(missing))}")
    return list(found.values())


def is_with(arguments: list[str], option: str, value: str) -> bool:
    """Whether an option has a value there."""
    return option in arguments and arguments[arguments.index(option) + 1] == value


def introspect(build: Build) -> list[dict[str, object]]:
    """What Meson knows of the build's tests."""
    result = subprocess.run(["meson", "introspect", "--tests", str(build.path)], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failure(f"meson introspect: {result.stderr.strip()}")
    return json.loads(result.stdout)
