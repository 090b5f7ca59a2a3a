"""Tests of grain bench, gate and compare: points, results files, figures."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from grainlib import cases, pin, results  # noqa: E402
from grainlib.cli import main, make_parser  # noqa: E402
from grainlib.cmd_bench import kernel_name, points_of  # noqa: E402
from grainlib.cmd_gate import compare, incomparable, read_record  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from grainlib.point import Point, group  # noqa: E402
from grainlib.results import Result  # noqa: E402
from grainlib.table import jain, per_operation, throughput  # noqa: E402
from grainlib.tap import Tap  # noqa: E402
from tap_runner import run_tests  # noqa: E402


def points(line: str) -> list[Point]:
    """What a command line would measure."""
    return points_of(make_parser().parse_args(shlex.split(line)))


class Points(unittest.TestCase):
    """From options to points."""

    def test_product_of_what_is_named(self) -> None:
        found = points("bench pairs_0 --engine bochs,mttcg --smp 1,8 --granularity object,big --algorithm ticket,mcs")
        self.assertEqual(len(found), 2 * 2 * 2 * 2)
        self.assertEqual({point.kernel for point in found}, {"object", "object-mcs", "big", "big-mcs"})
        self.assertEqual({point.names for point in found}, {("pairs_0",)})

    def test_each_case_with_the_cpus_it_needs(self) -> None:
        found = points("bench ipc wake_notify")
        self.assertEqual([(point.smp, point.names) for point in found], [(1, ("ipc",)), (2, ("wake_notify",))])
        found = points("bench ipc wake_notify --smp 1,2")
        self.assertEqual([(point.smp, point.names) for point in found], [(1, ("ipc",)), (2, ("ipc", "wake_notify"))])

    def test_points_of_the_matrix_have_files_of_their_own(self) -> None:
        for line in ("bench", "bench --full"):
            files = [point.file_name() for point in points(line)]
            self.assertEqual(len(set(files)), len(files), line)
            for point in points(line):
                self.assertTrue(point.names, line)

    def test_a_planned_command_measures_just_that_point(self) -> None:
        for point in points("bench --full --reps 12"):
            words = shlex.split(point.command(Path("/r"), "build", None))
            self.assertEqual(points(shlex.join(words[1:])), [point])

    def test_unknown_words(self) -> None:
        for line in ("bench nothing", "bench --engine quick", "bench --granularity none", "bench --algorithm fast"):
            with self.assertRaises(Failure, msg=line):
                points(line)

    def test_nothing_is_measured_in_silence(self) -> None:
        for line in ("bench ipc_cross --smp 1", "bench --kernel object --granularity big", "bench --kernel big --lockstat full",
                     "bench --full --smp 1", "bench --docs ipc", "bench --docs --full", "bench --docs --engine icount"):
            with self.assertRaises(Failure, msg=line):
                points(line)
        for line in ("bench --smp 0", "bench --reps 0", "bench --smp ,"):
            with self.assertRaises(SystemExit, msg=line), contextlib.redirect_stderr(io.StringIO()):
                points(line)
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(main(["bench", "--full", "--engine", "kvm", "--plan"]), 1)
        self.assertIn("nothing to measure", err.getvalue())

    def test_a_plan_has_nothing_that_others_disturb(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(main(["bench", "--full", "--plan"]), 0)
        lines = out.getvalue().splitlines()
        host_time = [point for point in points("bench --full") if point.engine == "mttcg"]
        self.assertEqual(len(lines), len(points("bench --full")) - len(host_time))
        self.assertNotIn("mttcg", out.getvalue())
        self.assertIn(f"{len(host_time)} points are left out", err.getvalue())
        self.assertEqual(points("bench --full --engine mttcg"), host_time)

    def test_waiting_and_holding_are_measured_by_kernels_of_their_own(self) -> None:
        found = points("bench --docs")
        self.assertEqual({point.smp for point in found if point.kernel == "object-ticket-contended"}, {1, 2, 4, 8})
        self.assertEqual({point.smp for point in found if point.kernel == "object-ticket-full"}, {8})

    def test_kinds_of_kernels_are_no_algorithms(self) -> None:
        text = (ROOT / "meson.build").read_text(encoding="utf-8")
        table = text.split("kind_args = {", 1)[1].split("\n}", 1)[0]
        kinds = re.findall(r"^  '(\w+)':", table, re.M)
        self.assertEqual({*results.KINDS, "slowpath"}, set(kinds))
        own = {"lock_granularity": "big", "lock_algorithm": "mcs", "fastpath": True}
        target = mock.Mock()
        target.build.facts = {"options": own, "buildtype": "debug", "compiler": "c"}
        for name, wanted in (
            ("object-coverage", {"lock_algorithm": "mcs", "kind": "coverage"}),
            ("object-slowpath", {"lock_algorithm": "mcs", "fastpath": False}),
            ("grain-object-clh-padded", {"lock_algorithm": "clh", "lock_padding": True}),
        ):
            target.kernel_name = name
            options = results.options_of(target)
            self.assertEqual(options | {"lock_granularity": "object"} | wanted, options, name)

    def test_kernels(self) -> None:
        self.assertEqual(kernel_name("object", "", "off"), "object")
        self.assertEqual(kernel_name("object", "ticket", "off"), "object")
        self.assertEqual(kernel_name("big", "mcs", "off"), "big-mcs")
        self.assertEqual(kernel_name("big", "", "full"), "big-ticket-full")

    def test_boots_keep_bare_programs_and_processes_apart(self) -> None:
        plans = list(group(["ipc", "fork", "null", "boot_user", "boot_shell", "wake_notify"]))
        found = [(plan.system, plan.place, [program for program, _ in plan.programs]) for plan in plans]
        self.assertIn((False, "", ["bench_ipc", "bench_env"]), found)
        self.assertIn((True, "", ["bench_system"]), found)
        self.assertIn((False, "init", ["bench_boot"]), found)
        self.assertIn((True, "sh", ["bench_boot"]), found)
        self.assertEqual(len(found), 4)

    def test_names_are_unique(self) -> None:
        names = [case.name for case in cases.CASES]
        self.assertEqual(len(set(names)), len(names))


class Pin(unittest.TestCase):
    """Virtual CPUs on the host's."""

    def test_each_virtual_cpu_has_its_own(self) -> None:
        command = ["qemu-system-i386", "-name", "x,debug-threads=on", "-accel", "tcg,thread=multi", "-smp", "2", "-S"]
        command += ["-display", "none", "-monitor", "none", "-serial", "none", "-nic", "none"]
        with mock.patch.object(pin, "host_cpus", return_value=(pin.host_cpus() * 2)[:2]):
            with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
                try:
                    pin.pin(process.pid, 2)
                    found = pin.threads(process.pid)
                    places = [os.sched_getaffinity(found[number]) for number in (0, 1)]
                    self.assertEqual(places, [{cpu} for cpu in pin.host_cpus()])
                finally:
                    process.kill()

    def test_more_than_the_host_has_are_refused(self) -> None:
        with self.assertRaisesRegex(Failure, "need as many"):
            pin.pin(os.getpid(), len(pin.host_cpus()) + 1)


HEADER = {"engine": "icount", "unit": "instructions", "cpus": 1, "options": {"lock_granularity": "object"}}


class Files(unittest.TestCase):
    """Results files."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "a.jsonl"

    def test_written_results_are_read_again(self) -> None:
        values = {"bench": "ipc", "ops": 1, "ticks": [3, 4]}
        results.append(self.file, HEADER, [values])
        results.append(self.file, {**HEADER, "cpus": 2}, [values])
        found = results.read([self.file.parent])
        self.assertEqual([result.header["cpus"] for result in found], [1, 2])
        self.assertEqual([result.values for result in found], [values, values])

    def test_a_result_needs_a_header(self) -> None:
        self.file.write_text('{"bench": "ipc"}\n')
        with self.assertRaisesRegex(Failure, "a.jsonl:1: a result without a header"):
            results.read([self.file])

    def test_a_broken_line_is_named(self) -> None:
        self.file.write_text(json.dumps({"header": HEADER}) + "\n{half\n")
        with self.assertRaisesRegex(Failure, "a.jsonl:2"):
            results.read([self.file])

    def test_half_a_line_of_a_guest_is_dropped(self) -> None:
        self.assertIsNone(results.parse_line('{"bench": "ipc", "ticks": [1, 2'))
        self.assertIsNone(results.parse_line("[    0.01 cpu0] booted"))
        self.assertEqual(results.parse_line('{"bench": "ipc"}'), {"bench": "ipc"})


class Figures(unittest.TestCase):
    """Numbers made from results."""

    def test_median_of_one_operation(self) -> None:
        self.assertEqual(per_operation(Result(HEADER, {"bench": "a", "ops": 4, "ticks": [8, 400, 12]})), 3.0)

    def test_throughput(self) -> None:
        self.assertEqual(throughput(Result(HEADER, {"bench": "a", "ops": [30, 10], "window": 2_000_000})), 20.0)

    def test_fairness(self) -> None:
        self.assertEqual(jain([5, 5, 5, 5]), 1.0)
        self.assertEqual(jain([20, 0, 0, 0]), 0.25)
        self.assertEqual(jain([0, 0]), 0.0)


class Gate(unittest.TestCase):
    """Figures and what is recorded."""

    def gate(self, now: dict[str, float], recorded: dict[str, float]) -> tuple[int, str]:
        """Failures, and what is said."""
        out = io.StringIO()
        tap = Tap(out)
        compare(now, recorded, tap)
        return tap.failures, out.getvalue()

    def test_the_same_passes_and_so_do_two_percent(self) -> None:
        self.assertEqual(self.gate({"a": 100, "b": 102}, {"a": 100, "b": 100})[0], 0)

    def test_dearer_fails_and_is_named(self) -> None:
        failures, text = self.gate({"a": 100, "b": 103}, {"a": 100, "b": 100})
        self.assertEqual(failures, 1)
        self.assertIn("not ok 2 - b\n# dearer: 103 instructions, recorded 100 (+3.0%)", text)

    def test_cheaper_passes_and_is_named(self) -> None:
        failures, text = self.gate({"a": 90}, {"a": 100})
        self.assertEqual(failures, 0)
        self.assertIn("a is cheaper: 90", text)

    def test_what_is_on_one_side_only_fails(self) -> None:
        self.assertEqual(self.gate({"a": 1}, {})[0], 1)
        self.assertEqual(self.gate({}, {"a": 1})[0], 1)

    def test_the_record_is_for_a_compiler_and_an_emulator(self) -> None:
        record = {"compiler": "clang 14.0.6", "emulator": "QEMU 7.2.22"}
        self.assertEqual(incomparable(record, record), "")
        self.assertEqual(incomparable(record, record | {"emulator": "QEMU 7.2.23"}), "")
        self.assertIn("QEMU 7.2.22, this is QEMU 8.2.2", incomparable(record, record | {"emulator": "QEMU 8.2.2"}))
        self.assertIn("this build is clang 19.1.0's", incomparable(record, record | {"compiler": "clang 19.1.0"}))
        self.assertEqual(set(read_record()), {*record, "unit", "figures"})


if __name__ == "__main__":
    run_tests()
