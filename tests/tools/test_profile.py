"""Tests of grain profile: logs to steps, instructions told apart, tables."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from grainlib import cli, trace  # noqa: E402
from grainlib.cmd_profile import SAMPLED, Executed, print_functions, print_stream, single_step  # noqa: E402
from grainlib.code import UNKNOWN, Instruction, best_image  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from tap_runner import run_tests  # noqa: E402


def logged(address: int, cpu: int = 0, space: int = 0x1000) -> list[str]:
    """What QEMU logs before one instruction."""
    return [
        f"Trace {cpu}: 0x7f2ce4000100 [00000000/{address:08x}/08800eb0/ff020201] \n",
        "EAX=00000054 EBX=00000003 ECX=bf7fdedc EDX=ff000004\n",
        f"CR0=8001003f CR2=00000000 CR3={space:08x} CR4=003008a0\n",
    ]


def addresses(steps: list[trace.Step]) -> list[int]:
    """Where the steps were."""
    return [step.address for step in steps]


class Parse(unittest.TestCase):
    """QEMU's log."""

    def test_a_step_has_cpu_address_and_space(self) -> None:
        (step,) = trace.parse(logged(0xC0100000, cpu=1, space=0xABC000))
        self.assertEqual((step.cpu, step.address, step.space), (1, 0xC0100000, 0xABC000))

    def test_a_fault_undoes_its_instruction(self) -> None:
        fault = "     0: v=0e e=0006 i=0 cpl=3 IP=001b:00000010 pc=00000010 SP=0023:bf7fdf20 CR2=50000000\n"
        dump = "CR0=8001003f CR2=00000000 CR3=0ffb1000 CR4=003008a0\n"
        steps = trace.parse([*logged(0x10), fault, dump, *logged(0xC0), *logged(0x10), *logged(0x12)])
        self.assertEqual(addresses(steps), [0xC0, 0x10, 0x12])

    def test_interrupts_and_int_undo_nothing(self) -> None:
        for line in ("     0: v=ef e=0000 i=0 cpl=3 IP=0", "     0: v=30 e=0000 i=1 cpl=3 IP=0", "  1: v=03 e=0000 i=0 c"):
            self.assertEqual(addresses(trace.parse([*logged(0x10), line, *logged(0x20)])), [0x10, 0x20])

    def test_what_qemu_takes_back_is_left_out(self) -> None:
        for line in ("cpu_io_recompile: rewound execution of TB to 10", "Stopped execution of TB chain before 0x7 [10]"):
            self.assertEqual(addresses(trace.parse([*logged(0x10), line, *logged(0x10)])), [0x10])

    def test_a_device_access_belongs_to_the_last_step(self) -> None:
        steps = trace.parse([*logged(0x10), *logged(0x12), "apic_mem_writel 0xb0 = 0x00000000\n"])
        self.assertEqual([step.devices for step in steps], [[], ["apic_mem_writel 0xb0 = 0x00000000"]])

    def test_the_sample_is_cut_out(self) -> None:
        steps = trace.parse([line for address in (9, 1, 5, 2, 9, 1, 6, 7) for line in logged(address)])
        self.assertEqual(addresses(trace.cut(steps, {1}, {2, 9})), [1, 6, 7])
        self.assertEqual(addresses(trace.cut(steps[:5], {1}, {2})), [1, 5])
        self.assertEqual(trace.cut(steps, {3}, {2}), [])


def kinds(text: str) -> list[str]:
    """The dear kinds of an instruction."""
    return Instruction(text, "f", "", 0, "i").kinds()


class Kinds(unittest.TestCase):
    """Dear instructions."""

    def test_atomics(self) -> None:
        for text in ("lock xaddw %di, (%edx)", "lock orl $0, (%esp)", "xchgb %al, 324(%ecx)", "xchgl %eax, -1071967872"):
            self.assertEqual(kinds(text), ["atomic"], text)
        self.assertEqual(kinds("xchgl %eax, %ebx"), [])

    def test_control_registers(self) -> None:
        self.assertEqual(kinds("movl %eax, %cr3"), ["CR3"])
        self.assertEqual(kinds("movl %cr3, %eax"), [])
        self.assertEqual(kinds("movl %eax, %cr4"), ["serial"])

    def test_segments_and_not_index_registers(self) -> None:
        for text in ("movl %eax, %ds", "popl %es", "ljmpl $8, $3222302113"):
            self.assertEqual(kinds(text), ["segment"], text)
        for text in ("popl %esi", "movl %ds, %eax", "movl %es:(%edi), %eax"):
            self.assertEqual(kinds(text), [], text)

    def test_ports(self) -> None:
        for text in ("outb %al, $33", "inb %dx, %al", "inl %dx, %eax", "outsb (%esi), %dx"):
            self.assertEqual(kinds(text), ["device"], text)
        for text in ("incl 4(%eax)", "int3"):
            self.assertNotIn("device", kinds(text), text)

    def test_the_rest(self) -> None:
        self.assertEqual(kinds("sysexitl"), ["ring"])
        self.assertEqual(kinds("int $48"), ["ring"])
        self.assertEqual(kinds("iretl"), ["serial"])
        self.assertEqual(kinds("divl 56(%esp)"), ["divide"])


class Monitor:
    """A monitor that knows some words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.said: list[str] = []

    def monitor(self, command: str) -> str:
        """Its answer."""
        self.said.append(command)
        return "" if command.split()[0] in self.words else f"unknown command: '{command.split()[0]}'\r\n"


class SingleStep(unittest.TestCase):
    """One instruction a block, in old and new emulators."""

    def test_the_new_word_and_the_old_one(self) -> None:
        self.assertEqual(single_step(Monitor("one-insn-per-tb", "singlestep")), "one-insn-per-tb")  # type: ignore[arg-type]
        self.assertEqual(single_step(Monitor("singlestep")), "singlestep")  # type: ignore[arg-type]

    def test_neither(self) -> None:
        with self.assertRaisesRegex(Failure, "unknown command"):
            single_step(Monitor())  # type: ignore[arg-type]


class Cases(unittest.TestCase):
    """What can be profiled."""

    def test_a_case_without_samples_is_refused_at_once(self) -> None:
        for name in ("pairs_0", "forks", "boot_user", "boot_shell"):
            with (
                mock.patch("grainlib.optimised.from_arguments", side_effect=AssertionError),
                contextlib.redirect_stderr(io.StringIO()) as err,
            ):
                self.assertEqual(cli.main(["profile", name]), 1)
            self.assertIn(f"{name} has no samples to trace", err.getvalue())

    def test_the_others_have_marks(self) -> None:
        for case in SAMPLED:
            (source,) = (ROOT / "tests" / "bench").glob(f"{case.program.removeprefix('bench_')}.c")
            self.assertIn("bench_begin()", source.read_text(encoding="utf-8"), case.name)


class FakeImage:
    """An image with code at certain addresses."""

    def __init__(self, name: str, code: set[int]) -> None:
        self.name = name
        self.code = dict.fromkeys(code, UNKNOWN)


class Tables(unittest.TestCase):
    """What is printed."""

    def setUp(self) -> None:
        call = Instruction("call 0x20", "main", "a.c", 7, "p")
        write = Instruction("movl %eax, (%ecx)", "eoi", "b.c", 9, "kernel")
        device = trace.Step(0, 0x20, devices=["apic_mem_writel 0xb0 = 0x0"])
        self.sample = [Executed(trace.Step(0, 0x10), call), Executed(device, write), Executed(device, write)]

    def printed(self, function: object) -> list[str]:
        """The lines that a function of a sample prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            function(self.sample)  # type: ignore[operator]
        return out.getvalue().splitlines()

    def test_functions_dearest_first_and_sums(self) -> None:
        rows = [line.split() for line in self.printed(print_functions)[2:]]
        self.assertEqual(rows[0], ["2", "66.7%", "2", "eoi", "(kernel)"])
        self.assertEqual(rows[-1], ["3", "100%", "2", "all"])

    def test_the_stream_names_devices(self) -> None:
        lines = self.printed(print_stream)
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"eoi +b.c:9 +<- device, apic_mem_writel 0xb0")

    def test_the_program_that_fits(self) -> None:
        images = [FakeImage("a", {1, 2}), FakeImage("b", {1, 2, 3})]
        self.assertEqual(best_image(images, [1, 3]).name, "b")  # type: ignore[arg-type,union-attr]
        self.assertEqual(best_image(images, [1, 2]).name, "a")  # type: ignore[arg-type,union-attr]
        self.assertIsNone(best_image([], [1]))


if __name__ == "__main__":
    run_tests()
