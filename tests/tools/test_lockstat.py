"""The app lockstat on a kernel that counts: tables, JSON, --top.

    test_lockstat.py --build DIR --smp N --kernel NAME
"""

from __future__ import annotations

import json
import re
import sys
import unittest

sys.dont_write_bytecode = True

from tap_runner import run_tests  # noqa: E402
from test_apps import Answers  # noqa: E402
from test_session import PROMPT, arguments, options  # noqa: E402

ROUNDS = 300
CLASSES = ["env", "env_table", "aspace", "irq", "pool", "inbox", "big"]
COUNTS = ("acquisitions", "contended", "handovers", "spins", "wait_ns", "hold_ns")


class Lockstat(Answers):
    """In the shell."""

    def test_table(self) -> None:
        self.answer(
            f"lockstat pingpong -n {ROUNDS}",
            rf"^{ROUNDS} round trips",
            rf"s, {options.smp} CPUs, locks: \w+, \w+, statistics: full$",
            r"^CLASS +TAKEN +WAITED +% +SPINS +WAIT ns +HOLD ns +HANDOVER +RUN$",
            r"^\w+ +\d{3,} +\d+ +\d+\.\d +\d+ +\d+ +\d+ +\d+ +\d+$",
            r"^TAKEN AT +CLASS +TAKEN",
            r"^\w+\+0x[0-9a-f]+ +\w+ +\d+ +\d+ +\d+ +\d+$",
            r"^ipc +\d{3,} +\d+$",
        )

    def test_lines_fit_a_terminal(self) -> None:
        for line in self.answer("lockstat --per-cpu true"):
            self.assertLess(len(line), 100, line)

    def test_class(self) -> None:
        lines = self.answer("lockstat -c pool -g hello", r"^CLASS ")
        self.assertFalse([line for line in lines if line.startswith(("env ", "aspace ", "inbox "))])
        self.answer("lockstat -c nosuch hello", r"^lockstat: no class of locks nosuch$")

    def test_status(self) -> None:
        self.answer("lockstat sh -c 'exit 3'")
        self.assertEqual(self.answer("echo $?"), ["3"])
        self.answer("lockstat nosuch", r"^lockstat: nosuch: ")

    def test_json(self) -> None:
        lines = self.answer(f"lockstat --json pingpong -n {ROUNDS}")
        facts = json.loads(next(line for line in lines if line.startswith("{")))
        self.assertEqual(facts["command"], ["pingpong", "-n", str(ROUNDS)])
        self.assertEqual((facts["status"], facts["mode"]), (0, "full"))
        self.assertEqual([c["name"] for c in facts["classes"]], CLASSES)
        for found in facts["classes"]:
            self.assertEqual(len(found["cpus"]), options.smp)
            for count in COUNTS:
                parts = sum(cpu[count] for cpu in found["cpus"])
                self.assertLess(abs(found[count] - parts), options.smp + 1, f"{found['name']} {count}")
            self.assertEqual(sum(found["wait"]), found["contended"])
        kernel = "big" if facts["granularity"] == "big" else "env"
        taken = next(c["acquisitions"] for c in facts["classes"] if c["name"] == kernel)
        self.assertGreaterEqual(taken, 2 * ROUNDS)
        self.assertTrue(any(site["class"] == kernel for site in facts["sites"]))
        ways = next(way for way in facts["sections"] if way["name"] == "ipc")
        self.assertGreaterEqual(ways["count"], 2 * ROUNDS)
        self.assertGreater(ways["longest_since_boot_ns"], 0)

    def test_json_of_one_class(self) -> None:
        lines = self.answer("lockstat -j -c inbox echo 'a \"word\"'")
        facts = json.loads(next(line for line in lines if line.startswith("{")))
        self.assertEqual([c["name"] for c in facts["classes"]], ["inbox"])
        self.assertEqual(facts["command"], ["echo", 'a "word"'])

    def test_top(self) -> None:
        lines = self.answer("lockstat --top --rounds 2")
        self.assertEqual(sum(bool(re.match("CLASS ", line)) for line in lines), 2)

    def test_top_ends_by_key(self) -> None:
        self.emulator.type("lockstat -t\r")
        self.emulator.expect("^CLASS ")
        self.emulator.type("q")
        self.emulator.expect(rf"{re.escape(PROMPT)}\Z")
        self.assertEqual(self.answer("echo back"), ["back"])


if __name__ == "__main__":
    arguments()
    run_tests()
