"""grain summary: add up the results of the last `meson test`, line by line of its TAP, not by program."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass
from typing import Any

from grainlib.build import Build

LOG = ("meson-logs", "testlog.json")
GOOD = ("OK", "SKIP", "EXPECTEDFAIL")
VERDICT = re.compile(r"(ok|not ok) \d+ - (.*)")


@dataclass
class Sum:
    """What a test program, or all of them, came to."""

    passed: int
    failed: list[str]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("summary", help="count the results of the last meson test")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Print every failure and, last, the two numbers. Exit status 1 when something failed or nothing ran."""
    log = Build.find(args.build).file(*LOG)
    total = Sum(0, [])
    for line in log.read_text().splitlines() if log.exists() else []:
        one = count(json.loads(line))
        total.passed += one.passed
        total.failed += one.failed
    for name in total.failed:
        print(f"failed: {name}")
    nothing = not total.passed and not total.failed
    print(f"{total.passed} passed, {max(len(total.failed), nothing)} failed")
    return 1 if total.failed or nothing else 0


def count(entry: dict[str, Any]) -> Sum:
    """One test program: its TAP lines, and one failure if it failed without saying so. Skipped tests do not count."""
    name = entry["name"].rpartition(" / ")[2]
    verdicts = [match for line in entry.get("stdout", "").splitlines() if (match := VERDICT.match(line))]
    failed = [f"{name}: {match[2]}" for match in verdicts if match[1] == "not ok"]
    passed = sum(match[1] == "ok" and "# SKIP" not in match[2] for match in verdicts)
    if entry["result"] not in GOOD and not failed:
        failed.append(f"{name}: {entry['result'].lower()}")
    return Sum(passed, failed)
