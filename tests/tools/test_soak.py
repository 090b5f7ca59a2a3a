"""Tests of grain soak: the same seeds again, one line to repeat a failure, a summary that counts it."""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import shlex
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from grainlib import cmd_soak, cmd_test  # noqa: E402
from grainlib.cmd_soak import JOBS, Sum, arguments, one_boot, plan, summary  # noqa: E402
from grainlib.tap import Tap  # noqa: E402
from tap_runner import run_tests  # noqa: E402

ARGS = argparse.Namespace(engine="qemu", kernel="big", smp=2, thread="single", build=None)


def good_boot(_words: list[str], tap: Tap) -> None:
    tap.result(True, "a.one", [])


def bad_boot(_words: list[str], tap: Tap) -> None:
    tap.result(True, "a.one", [])
    tap.result(False, "boot: hang", ["the last line of the console"])


def boot(boots, job=JOBS[0]) -> tuple[Sum, str]:
    total, out = Sum(), io.StringIO()
    with contextlib.redirect_stdout(out):
        one_boot(ARGS, job, 77, total, boots)
    return total, out.getvalue()


class Plan(unittest.TestCase):
    def test_a_seed_makes_the_same_boots_again(self) -> None:
        first, again = (list(itertools.islice(plan(5), 20)) for _ in range(2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, list(itertools.islice(plan(6), 20)))
        self.assertEqual({job for job, _ in first}, set(JOBS))
        self.assertEqual(len({seed for _, seed in first}), 20)

    def test_one_program_alone_has_the_seeds_it_has_among_all(self) -> None:
        among = [seed for job, seed in itertools.islice(plan(5), 30) if job.program == "churn"]
        self.assertEqual([seed for _, seed in itertools.islice(plan(5, "churn"), 6)], among)

    def test_jobs_are_programs_that_take_a_seed(self) -> None:
        sources = {path.stem: path for path in ROOT.glob("tests/*/*.c")}
        for job in JOBS:
            source = sources[job.program.removeprefix("fuzz_")].read_text(encoding="utf-8")
            for word in ["seed", *(word.split("=")[0] for word in job.words.split())]:
                self.assertIn(f'argv, "{word}",', source, job.program)


class OneBoot(unittest.TestCase):
    def test_good(self) -> None:
        total, text = boot(good_boot)
        self.assertEqual((total.boots, total.results, total.failed), (1, 1, []))
        self.assertRegex(text, r"ok +1 results  fuzz_calls seed=77 ")

    def test_bad_says_all(self) -> None:
        total, text = boot(bad_boot, JOBS[1])
        self.assertEqual((total.boots, len(total.failed)), (1, 1))
        self.assertIn("# the last line of the console", text)
        self.assertIn("seed 77", text)
        command = text.splitlines()[-1].strip()
        self.assertEqual(command, total.failed[0])
        self.assertEqual(command.splitlines(), [command])

    def test_the_command_is_one_that_test_understands(self) -> None:
        parser = argparse.ArgumentParser()
        cmd_test.add_arguments(parser)
        words = shlex.split(shlex.join(arguments(ARGS, JOBS[1], 77)))
        args = parser.parse_args(words)
        self.assertEqual((args.kernel, args.smp, args.system), ("big", 2, True))
        self.assertEqual(args.programs, ["fuzz_messages seed=77 rounds=60"])
        self.assertEqual(args.append, "-- init.test")
        self.assertEqual((args.timeout, args.limit), (cmd_soak.CLOCKS.silence, cmd_soak.CLOCKS.limit))

    def test_summary_names_what_failed(self) -> None:
        total, _ = boot(bad_boot)
        lines = summary({"fuzz_calls": total, "churn": Sum(boots=2, results=8)}, 5)
        self.assertEqual(lines[0], "soak: seed 5")
        self.assertRegex(lines[2], r"^fuzz_calls +1 +2 +\d+ +1$")
        self.assertRegex(lines[3], r"^churn +2 +8 +\d+ +0$")
        self.assertEqual(lines[4], f"failed: {total.failed[0]}")

    def test_nothing_done_is_no_success(self) -> None:
        args = argparse.Namespace(**vars(ARGS), minutes=0, seed=1, only=None)
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(cmd_soak.run(args), 1)


if __name__ == "__main__":
    run_tests()
