"""What drives the kernels for tests: schedules, suites with another kernel, faults, from counters to lines."""

from __future__ import annotations

import contextlib
import io
import shlex
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import cmd_coverage, cmd_inject, cmd_schedules, machine, profile_counters, suites  # noqa: E402
from grainlib.cli import make_parser  # noqa: E402
from grainlib.ending import Ending, Kind  # noqa: E402
from tap_runner import run_tests  # noqa: E402


class Schedules(unittest.TestCase):
    def test_a_round_is_the_same_again(self) -> None:
        self.assertEqual(cmd_schedules.boot_words("bochs", 4, 7), cmd_schedules.boot_words("bochs", 4, 7))
        self.assertNotEqual(cmd_schedules.boot_words("bochs", 4, 7), cmd_schedules.boot_words("bochs", 4, 9))

    def test_every_cpu_has_a_phase(self) -> None:
        words = cmd_schedules.boot_words("bochs", 3, 2).split()
        self.assertEqual(len(words[0].removeprefix("phase=").split(",")), 3)
        self.assertEqual(words[1], "delays=2")

    def test_qemu_has_delays_alone(self) -> None:
        self.assertEqual(cmd_schedules.boot_words("qemu", 4, 5), "delays=5")


class Suites(unittest.TestCase):
    def test_kernel_and_words_are_replaced(self) -> None:
        test = suites.BootTest("user/x", ("--append", "-- init.test", "--kernel", "object", "x"))
        other = test.with_kernel("object-races", "races=9")
        self.assertEqual(other.arguments, ("--append", "races=9 -- init.test", "--kernel", "object-races", "x"))

    def test_words_come_where_there_were_none(self) -> None:
        other = suites.BootTest("user/x", ("--kernel", "object", "x")).with_kernel("big", "log=debug")
        self.assertEqual(other.arguments, ("--append", "log=debug", "--kernel", "big", "x"))


class Faults(unittest.TestCase):
    GOOD = Ending(Kind.HALT, "halt code 0", 0, [])
    BAD = Ending(Kind.HALT, "halt code 1", 1, [])
    HUNG = Ending(Kind.STUCK, "hang: no output for 300 s", None, [])
    PANIC = Ending(Kind.PANIC, "grain: panic: cpu0: what", None, [])

    def test_a_boot_may_do_without(self) -> None:
        self.assertEqual(cmd_inject.judge(["init: hello exited with status 0"], self.GOOD, True), "")

    def test_a_bad_end_has_a_reason(self) -> None:
        for line in ("init: pager cannot be loaded: out of memory", "not ok - hello.exit: out of memory"):
            self.assertEqual(cmd_inject.judge([line], self.BAD, True), "")
        for line in ("init: hello was killed", "not ok - hello.exit: status 1"):
            self.assertIn("nobody says why", cmd_inject.judge([line], self.BAD, True))

    def test_nothing_excuses_a_leak(self) -> None:
        lines = ["init: hello exited: out of memory", "not ok - hello.leak: 1 frames, 0 envs"]
        self.assertIn("hello.leak", cmd_inject.judge(lines, self.BAD, True))

    def test_a_hang_or_panic_is_none(self) -> None:
        for ending in (self.HUNG, self.PANIC):
            self.assertEqual(cmd_inject.judge(["out of memory"], ending, True), ending.text)

    def test_without_a_fault_all_is_well(self) -> None:
        self.assertIn("no allocation failed", cmd_inject.judge(["out of memory"], self.BAD, False))

    def test_the_word_is_the_kernels(self) -> None:
        self.assertEqual(cmd_inject.append_words("", 7), "inject=frame:7 -- init.test")

    def test_the_command_boots_the_same_once_more(self) -> None:
        for line in (
            "inject --jos --mem 64M --thread single a.c b.c",
            "inject --boot iso --smp 2 --system --limit 50 'hello you'",
            "inject --kernel big --engine icount --build b --append log=error churn",
        ):
            args = make_parser().parse_args(shlex.split(line))
            again = make_parser().parse_args(shlex.split(cmd_inject.repeat_command(args, 7))[1:])
            for name in ("engine", "kernel", "build", "mem", "boot", "thread", "system", "jos", "demo", "programs"):
                self.assertEqual(getattr(again, name), getattr(args, name), name)
            self.assertEqual(again.smp, machine.cpus_of(args))
            self.assertEqual(again.append, cmd_inject.append_words(args.append, 7))
            self.assertEqual((again.timeout, again.limit), (args.limit, 2 * args.limit))

    def test_numbers_below_one_are_refused(self) -> None:
        for line in ("inject --every 0", "inject --first 0", "inject --boots 0", "schedules --rounds 0", "suite --smp 0 user"):
            with self.assertRaises(SystemExit, msg=line), contextlib.redirect_stderr(io.StringIO()) as err:
                make_parser().parse_args(shlex.split(line))
            self.assertIn("is less than 1", err.getvalue())


class Counters(unittest.TestCase):
    def test_values_count_when_they_are_complete(self) -> None:
        self.assertEqual(profile_counters.read_values("coverage 3 0 1f 2 \n"), [0, 31, 2])
        self.assertIsNone(profile_counters.read_values("coverage 3 0 1f \n"))
        self.assertIsNone(profile_counters.read_values("noise\n"))

    def test_names_of_several_objects(self) -> None:
        section = b"\x03\x00f\x01g" + b"\x01\x00h"
        self.assertEqual(list(profile_counters.read_names(section)), ["f", "g", "h"])

    def test_records_of_an_image(self) -> None:
        for release, extra in ((14, b""), (22, bytes(4))):
            record = struct.pack("<QQI", profile_counters.name_hash("f"), 77, 0x1008 - 0x2000 & 0xFFFFFFFF)
            record += extra + bytes(8) + struct.pack("<I", 2) + bytes(4)
            record += bytes((48 if release >= 18 else 40) - len(record))
            image = make_image({"__llvm_prf_cnts": (0x1000, bytes(24)), "__llvm_prf_data": (0x2000, record),
                                "__llvm_prf_names": (0x3000, b"\x01\x00f")})
            with tempfile.NamedTemporaryFile() as file:
                file.write(image)
                file.flush()
                functions = profile_counters.read_functions(Path(file.name), release)
            self.assertEqual(functions, [profile_counters.Function("f", 77, 1, 2)])


class Report(unittest.TestCase):
    def test_ranges_skip_lines_without_code(self) -> None:
        self.assertEqual(cmd_coverage.ranges([1, 2, 5, 6, 9], {2, 5, 9}), "2-5 9")

    def test_shares_are_never_rounded_up(self) -> None:
        self.assertEqual(cmd_coverage.percent(8999, 10000), "89.9 %")

    def test_areas_are_counted_by_file(self) -> None:
        lines = {"kernel/ipc/a.c": {1: 0, 2: 5}, "kernel/mm/b.c": {1: 1}}
        self.assertEqual(cmd_coverage.share(lines, ("kernel/ipc/*",)), (1, 2))


def make_image(sections: dict[str, tuple[int, bytes]]) -> bytes:
    """An ELF32 image of just these sections."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in sections) + b".names\0"
    body, headers, at = b"", [bytes(40)], 52
    for name, (address, content) in {**sections, ".names": (0, names)}.items():
        headers.append(struct.pack("<10I", names.index(name.encode() + b"\0"), 1, 0, address, at, len(content), 0, 0, 1, 0))
        body, at = body + content, at + len(content)
    head = bytearray(52)
    head[:6] = b"\x7fELF\x01\x01"
    struct.pack_into("<I", head, 32, at)
    struct.pack_into("<HH", head, 48, len(headers), len(headers) - 1)
    return bytes(head) + body + b"".join(headers)


if __name__ == "__main__":
    run_tests()
