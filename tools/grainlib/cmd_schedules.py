"""grain schedules: the same programs again and again, each time with other interleavings of the CPUs.

The kernel is one of the kind `schedules`. On Bochs, which executes a few instructions of one CPU after the other, each
CPU's phase is shifted by single instructions, in every second round with random delays as well: a run
repeats exactly. On QEMU with a host thread a CPU there are the delays alone, and chance.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shlex
import shutil
import time

from grainlib import bochs, cmd_test, iso
from grainlib.machine import Machine
from grainlib.options import positive
from grainlib.tap import Tap

PROGRAMS = ("ipc_fifo", "ipc_death", "ipc_mailbox", "ipc_pingpong", "ipc_storm", "ipc_pages_storm", "churn", "shootdown")
ENGINES = ("bochs", "qemu")
PHASE_MAX = 64  # instructions; Bochs gives a CPU 16 at a time


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("schedules", help="boot test programs with many interleavings of the CPUs")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: both")
    parser.add_argument("--smp", type=positive, default=4, metavar="N", help="CPUs (default: %(default)s)")
    parser.add_argument("--kernel", default="object-schedules", metavar="VARIANT", help="default: %(default)s")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.add_argument("--first", type=positive, default=1, metavar="N", help="number of the first round (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="a boot hangs after S seconds in all (300)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="M", help="rounds until M minutes are over")
    length.add_argument("--rounds", type=positive, default=4, metavar="N", help="so many rounds (default: %(default)s)")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"default: {' '.join(PROGRAMS)}")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when every boot passed."""
    tap = Tap.on_stdout()
    end = time.monotonic() + (args.minutes * 60 if args.minutes is not None else float("inf"))
    rounds = itertools.count(args.first) if args.minutes is not None else range(args.first, args.first + args.rounds)
    for number in rounds:
        for engine, program in itertools.product(args.engine or ENGINES, args.programs or PROGRAMS):
            if time.monotonic() < end:
                boot(args, engine, program, boot_words(engine, args.smp, number), tap)
        if time.monotonic() >= end:
            break
    tap.finish()
    return 1 if tap.failures else 0


def boot_words(engine: str, cpus: int, number: int) -> str:
    """What the kernel is told in that round."""
    if engine != "bochs":
        return f"delays={number}"
    choice = random.Random(number)
    words = "phase=" + ",".join(str(choice.randrange(PHASE_MAX)) for _ in range(cpus))
    return words if number % 2 else f"{words} delays={number}"


def boot(args: argparse.Namespace, engine: str, program: str, words: str, tap: Tap) -> None:
    """One boot as one result."""
    booted: list[Machine] = []
    words_of_test = test_arguments(args, engine, program, words)
    problems = cmd_test.quietly([*words_of_test, "--timeout", str(args.limit), "--limit", str(args.limit)], lambda m: booted.append(m) or m)
    details = [*problems, f"again: {repeat_command(engine, words_of_test)}"] if problems else []
    tap.result(not problems, f"schedules {program} {engine} smp={args.smp} {words}", details)
    if not problems:
        forget(booted[0])


def test_arguments(args: argparse.Namespace, engine: str, program: str, words: str) -> list[str]:
    """What `grain test` is told for the same boot."""
    arguments = ["--build", args.build] if args.build else []
    arguments += ["--engine", engine, "--kernel", args.kernel, "--smp", str(args.smp)]
    arguments += ["--thread", "multi"] if engine == "qemu" else []
    return [*arguments, "--append", f"{words} -- init.test", program]


def repeat_command(engine: str, words: list[str]) -> str:
    """The command that does it again; where it takes chance as well, more than once."""
    return shlex.join(["tools/grain", "test", *(["--repeat", "20"] if engine == "qemu" else []), *words])


def forget(target: Machine) -> None:
    """Remove the files of a boot that passed: a night has thousands."""
    target.log().unlink(missing_ok=True)
    if target.engine == "bochs":
        iso.path(target).unlink(missing_ok=True)
        shutil.rmtree(bochs.folder(target), ignore_errors=True)
