"""grain soak: fuzzers and stress programs with ever new seeds, for as long as one likes."""

from __future__ import annotations

import argparse
import io
import random
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from grainlib import cmd_test, launch, machine
from grainlib.build import display_path
from grainlib.ending import Clocks
from grainlib.machine import Machine
from grainlib.options import positive
from grainlib.tap import Tap

# A boot without a line for so long hangs; one that takes so long in all does, too (on a busy host twenty minutes
# are not enough).
CLOCKS = Clocks(silence=300, limit=3600)

APPEND = "-- init.test"


@dataclass(frozen=True)
class Job:
    """A program that takes a seed, and how much it does in one boot."""

    program: str
    words: str
    system: bool = False

    def command(self, seed: int) -> str:
        """The program as --programs takes it."""
        return f"{self.program} seed={seed} {self.words}".strip()


JOBS = (
    Job("fuzz_calls", "rounds=12"),
    Job("fuzz_messages", "rounds=60", system=True),
    Job("churn", "rounds=1000"),
    Job("ipc_storm", ""),
    Job("ipc_pages_storm", ""),
)


@dataclass
class Sum:
    """What one program has come to so far."""

    boots: int = 0
    results: int = 0
    seconds: float = 0
    failed: list[str] = field(default_factory=list)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("soak", help="fuzz and stress with new seeds for some minutes")
    parser.add_argument("--minutes", type=float, required=True, metavar="M", help="no boot starts after that")
    parser.add_argument("--smp", type=positive, default=4, metavar="N", help="CPUs (default: %(default)s)")
    parser.add_argument("--kernel", default="grain", metavar="VARIANT", help="grain, object, subsystem, big, as big-mcs")
    parser.add_argument("--thread", choices=("multi", "single"), default="multi", help="QEMU's host threads")
    parser.add_argument("--engine", choices=machine.ENGINES, default="qemu", help="what boots the kernel")
    parser.add_argument("--seed", type=int, metavar="S", help="makes the seeds of all boots (default: a new one)")
    parser.add_argument("--only", metavar="PROGRAM", choices=[job.program for job in JOBS], help="this program alone")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when every boot was as it should be."""
    seed = args.seed if args.seed is not None else random.SystemRandom().getrandbits(31)
    print(f"soak: {args.minutes:g} minutes, --kernel {args.kernel} --smp {args.smp} --seed {seed}", flush=True)
    sums: dict[str, Sum] = {}
    end = time.monotonic() + args.minutes * 60
    for job, boot_seed in plan(seed, args.only):
        if time.monotonic() >= end:
            break
        one_boot(args, job, boot_seed, sums.setdefault(job.program, Sum()), boot)
    print("\n".join(summary(sums, seed)))
    return 1 if any(one.failed for one in sums.values()) or not sums else 0


def plan(seed: int, only: str | None = None) -> Iterator[tuple[Job, int]]:
    """Jobs in turn, each with a seed of its own: the same for the same first seed."""
    source = random.Random(seed)
    while True:
        for job in JOBS:
            number = source.getrandbits(31)
            if only in (None, job.program):
                yield job, number


def arguments(args: argparse.Namespace, job: Job, seed: int) -> list[str]:
    """The options of `grain test` that repeat a boot."""
    words = ["--engine", args.engine, "--kernel", args.kernel, "--smp", str(args.smp), "--thread", args.thread]
    words += ["--build", args.build] if args.build else []
    words += ["--append", APPEND]
    words += ["--timeout", f"{CLOCKS.silence:g}", "--limit", f"{CLOCKS.limit:g}"]
    return [*words, *(["--system"] if job.system else []), job.command(seed)]


def one_boot(args: argparse.Namespace, job: Job, seed: int, total: Sum, boots: Callable[[list[str], Tap], None]) -> None:
    """Boot once, print a line, and all there is to know if it failed."""
    out = io.StringIO()
    tap = Tap(out)
    words = arguments(args, job, seed)
    start = time.monotonic()
    boots(words, tap)
    seconds = time.monotonic() - start
    total.boots += 1
    total.results += tap.count
    total.seconds += seconds
    verdict = "failed" if tap.failures else "ok"
    print(f"{seconds:6.0f} s  {verdict:6}  {tap.count:3} results  {job.command(seed)}", flush=True)
    if tap.failures:
        command = shlex.join(["tools/grain", "test", *words])
        total.failed.append(command)
        print(f"{out.getvalue()}seed {seed}; to repeat it:\n  {command}", flush=True)


def boot(words: list[str], tap: Tap) -> None:
    """What `grain test` does with these words."""
    parser = argparse.ArgumentParser()
    cmd_test.add_arguments(parser)
    args = parser.parse_args(words)
    target: Machine = machine.from_arguments(args, default_system=False)
    tap.note(f"console in {display_path(target.log())}")
    launch.prepare(target)
    cmd_test.run_boot(cmd_test.boot_of(args, target), tap)


def summary(sums: dict[str, Sum], seed: int) -> list[str]:
    """The last lines: program by program, and how to repeat what failed."""
    lines = [f"soak: seed {seed}", f"{'program':16} boots  results  seconds  failed"]
    for name, one in sums.items():
        lines.append(f"{name:16} {one.boots:5}  {one.results:7}  {one.seconds:7.0f}  {len(one.failed):6}")
    for one in sums.values():
        lines += [f"failed: {command}" for command in one.failed]
    return lines
