"""Boots with bad input, little or much memory, many CPUs: each ends with a clear line, none hangs or resets.

The argument is the build directory. Each test boots QEMU once or twice, for about a second.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import qemu  # noqa: E402
from grainlib.build import Build, Module  # noqa: E402
from grainlib.ending import Clocks, Ending, Kind, watch  # noqa: E402
from grainlib.guest import Guest  # noqa: E402
from grainlib.machine import Machine  # noqa: E402
from tap_runner import run_tests  # noqa: E402

CLOCKS = Clocks(silence=60, limit=120)


class Boot(unittest.TestCase):
    """A test that boots, with a folder for what it makes up."""

    build: Build

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.lines: list[str] = []

    def file(self, name: str, content: bytes) -> Path:
        """A file to boot with."""
        path = self.folder / name
        path.write_bytes(content)
        return path

    def program(self, name: str) -> Path:
        """A program of the build."""
        return self.build.module(name).path

    def boot(
        self, *modules: Path, append: str = "init.test", smp: int = 2, mem: int = 64, alone: bool = False
    ) -> Ending:
        """How a boot ends; self.lines are its console then. Without modules `init` and `smoke` are, unless the
        kernel is to be alone."""
        if not modules and not alone:
            modules = (self.program("init"), self.program("smoke"))
        machine = Machine(
            build=self.build,
            engine="qemu",
            smp=smp,
            mem_mib=mem,
            boot="kernel",
            thread="multi",
            kernel_name="grain",
            kernel=self.build.kernel("grain"),
            modules=tuple(map(Module, modules)),
            append=append,
        )
        self.lines = []
        with Guest.on_pipe(qemu.command(machine), self.folder / "console") as guest:
            return watch(guest, CLOCKS, self.lines.append)

    def expect_line(self, *texts: str) -> None:
        """A console line has all the texts."""
        if not any(all(text in line for text in texts) for line in self.lines):
            self.fail(f"no line with {texts}:\n" + "\n".join(self.lines))

    def expect_good(self, ending: Ending) -> None:
        """The boot did its work."""
        self.assertTrue(ending.success, ending.text + "\n" + "\n".join(ending.tail))

    def expect_panic(self, ending: Ending, *texts: str) -> None:
        """The boot ended in a panic that says all the texts."""
        self.assertEqual(ending.kind, Kind.PANIC, "\n".join(ending.tail))
        for text in texts:
            self.assertIn(text, ending.text)


class FirstProgram(Boot):
    """The first module is init; without it there is nothing to do."""

    def test_no_elf(self) -> None:
        ending = self.boot(self.file("text", b"not a program " * 100))
        self.expect_panic(ending, "the first program", "text", "not a 32-bit little-endian ELF file")

    def test_too_short(self) -> None:
        self.expect_panic(self.boot(self.file("text", b"x")), "too short for an ELF header")

    def test_truncated(self) -> None:
        init = self.program("init").read_bytes()
        ending = self.boot(self.file("init.elf", init[:3000]))
        self.expect_panic(ending, "init.elf", "a segment is beyond the end of the file")

    def test_none(self) -> None:
        self.expect_panic(self.boot(alone=True), "no boot module")

    def test_empty(self) -> None:
        self.expect_panic(self.boot(self.file("init.elf", b"")), "the first boot module", "is malformed")
        self.expect_line("multiboot: module", "is empty")

    def test_empty_before_another(self) -> None:
        """The next one is not taken for it."""
        ending = self.boot(self.file("init.elf", b""), self.program("init"), self.program("smoke"))
        self.expect_panic(ending, "the first boot module", "is malformed")

    def test_kernel_is_no_program(self) -> None:
        self.expect_panic(self.boot(self.build.kernel("grain")), "a segment is outside user memory")


class FurtherProgram(Boot):
    """A bad program among others costs one line; the rest runs."""

    def boot_with(self, bad: Path) -> Ending:
        """A boot of init, the bad program, and a good one."""
        return self.boot(self.program("init"), bad, self.program("smoke"))

    def expect_refused(self, ending: Ending, name: str, why: str) -> None:
        """init says why, and goes on."""
        self.assertEqual((ending.kind, ending.code), (Kind.HALT, 1))
        self.expect_line(f"init: {name} cannot be run: {why}")
        self.expect_line("ok - smoke.exit")
        self.expect_line("ok - smoke.leak")

    def test_no_elf(self) -> None:
        ending = self.boot_with(self.file("text", b"not a program " * 100))
        self.expect_refused(ending, "text", "not a 32-bit little-endian ELF file")

    def test_truncated(self) -> None:
        smoke = self.program("smoke").read_bytes()
        ending = self.boot_with(self.file("cut.elf", smoke[:5000]))
        self.expect_refused(ending, "cut", "a segment is beyond the end of the file")

    def test_empty(self) -> None:
        self.expect_good(self.boot_with(self.file("empty.elf", b"")))
        self.expect_line("multiboot: module", "is empty", "skipped")
        self.expect_line("ok - smoke.exit")

    def test_too_many(self) -> None:
        small = self.file("small.elf", b"x")
        ending = self.boot(self.program("init"), *[small] * 33)
        self.assertEqual((ending.kind, ending.code), (Kind.HALT, 1))
        self.expect_line("34 modules, only the first 32 are looked at")
        self.assertEqual(sum("init: small cannot be run" in line for line in self.lines), 31)


class CommandLine(Boot):
    """Words that the kernel does not know are named and ignored."""

    def expect_ignored(self, word: str, line: str) -> None:
        """The boot says the line and does its work."""
        self.expect_good(self.boot(append=f"{word} init.test"))
        self.expect_line(f"command line: {line}, ignored")

    def test_unknown_word(self) -> None:
        self.expect_ignored("frobnicate", "unknown word 'frobnicate'")

    def test_unknown_word_with_value(self) -> None:
        self.expect_ignored("frobnicate=7", "unknown word 'frobnicate=7'")

    def test_bad_log_level(self) -> None:
        self.expect_ignored("log=xyz", "bad value in 'log=xyz'")

    def test_cpus_zero(self) -> None:
        self.expect_ignored("cpus=0", "bad value in 'cpus=0'")

    def test_cpus_no_number(self) -> None:
        self.expect_ignored("cpus=abc", "bad value in 'cpus=abc'")

    def test_cpus_empty(self) -> None:
        self.expect_ignored("cpus=", "bad value in 'cpus='")

    def test_no_such_kernel_test(self) -> None:
        self.expect_good(self.boot(append="ktest=nope init.test"))
        self.expect_line("command line:", "'ktest=nope'", "ignored")

    def test_long_line(self) -> None:
        self.expect_good(self.boot(append="init.test -- " + "x" * 3000))

    def test_cpus_more_than_there_are(self) -> None:
        self.expect_good(self.boot(append="cpus=99 init.test"))
        self.expect_line("2 of 2 CPUs")

    def test_cpus_fewer_than_there_are(self) -> None:
        self.expect_good(self.boot(append="cpus=1 init.test", smp=4))
        self.expect_line("1 of 4 CPUs")


class Size(Boot):
    """CPUs and memory."""

    def test_more_cpus_than_supported(self) -> None:
        self.expect_good(self.boot(smp=40, mem=128))
        room = min(40, int(self.build.facts["options"]["max_cpus"]))
        self.expect_line(f"40 CPUs found, room for {room}")
        self.expect_line(f"{room} of 40 CPUs")

    def run_in(self, mem: int) -> None:
        """The smoke test and init's demo run in so many MiB."""
        self.expect_good(self.boot(mem=mem))
        self.expect_line("ok - smoke.exit")
        self.expect_good(self.boot(self.program("init"), mem=mem))
        self.expect_line("ok - demo_server_exit")

    def test_16_mib(self) -> None:
        self.run_in(16)

    def test_32_mib(self) -> None:
        self.run_in(32)

    def test_128_mib(self) -> None:
        self.run_in(128)

    def test_3584_mib(self) -> None:
        self.run_in(3584)

    def test_4096_mib(self) -> None:
        self.run_in(4096)

    def test_too_little(self) -> None:
        """Whatever is too little: the boot works, or says what is missing."""
        for mem in (2, 3, 4, 6, 8):
            ending = self.boot(mem=mem)
            if ending.kind is Kind.PANIC:
                self.assertRegex(ending.text, "memory|cannot be loaded")
            elif ending.kind is Kind.HALT:
                self.assertEqual(ending.code, 0)
            else:
                self.expect_line("grain: cannot boot:", "memory")


if __name__ == "__main__":
    Boot.build = Build(Path(sys.argv[1]))
    if shutil.which(qemu.PROGRAM) is None:
        sys.exit(f"1..0 # SKIP no {qemu.PROGRAM}")
    run_tests()
