"""grain inject: the same boot again and again, each time with another allocation of a frame that fails.

Whoever needs the frame has to say so or do without: a boot may end well, or badly with a line that names the reason. What
must not come is a panic, silence, or an end that nobody explains.
"""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
from collections import Counter

from grainlib import launch, machine
from grainlib.ending import Clocks, Ending, Kind, watch
from grainlib.machine import Machine
from grainlib.options import positive
from grainlib.tap import Tap

REACHED = re.compile(r"inject: no frame for allocation \d+")
# What programs, servers and tests say when there is no memory.
REASON = re.compile(r"E_NO_MEM|out of memory|no memory", re.IGNORECASE)
BROKEN = re.compile(r"^not ok .*\.(leak|invariants)\b")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("inject", help="boot again and again, each time without another frame")
    parser.add_argument("--first", type=positive, default=1, metavar="N", help="fail this allocation first (default: %(default)s)")
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="then each Nth after it (default: %(default)s)")
    parser.add_argument("--boots", type=positive, metavar="N", help="at most so many (default: until a boot needs no more frames)")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="a boot hangs after S seconds of silence (300)")
    machine.add_arguments(parser)
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when each boot ended as it may."""
    tap = Tap.on_stdout()
    kinds: Counter[str] = Counter()
    numbers = itertools.count(args.first, args.every)
    for nth in itertools.islice(numbers, args.boots):
        lines, ending = boot(args, nth)
        reached = any(REACHED.search(line) for line in lines)
        problem = judge(lines, ending, reached)
        kinds["bad" if problem else "good end" if ending.success else "explained end"] += 1
        details = [problem, f"again: {repeat_command(args, nth)}", *ending.tail] if problem else []
        tap.result(not problem, f"inject {name_of(args)} smp={machine.cpus_of(args)} without frame {nth}", details)
        if not reached:
            tap.note(f"the boot makes fewer than {nth} allocations")
            break
    tap.note(", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())))
    tap.finish()
    return 1 if tap.failures else 0


def boot(args: argparse.Namespace, nth: int) -> tuple[list[str], Ending]:
    """One boot: the console's lines, and how it ended."""
    target = machine_for(args, nth)
    launch.prepare(target)
    lines: list[str] = []
    with launch.launch(target) as guest:
        ending = watch(guest, clocks_of(args), lines.append)
    if not judge(lines, ending, True):
        target.log().unlink(missing_ok=True)
    return lines, ending


def machine_for(args: argparse.Namespace, nth: int) -> Machine:
    """The machine of the options, told which allocation is to fail."""
    values = vars(args) | {"append": append_words(args.append, nth)}
    return machine.from_arguments(argparse.Namespace(**values), default_system=False)


def clocks_of(args: argparse.Namespace) -> Clocks:
    """When a boot hangs."""
    return Clocks(args.limit, args.limit * 2)


def name_of(args: argparse.Namespace) -> str:
    """What is booted, in short."""
    return " ".join(args.programs) or ("the shell" if args.system else "init alone")


def append_words(append: str, nth: int) -> str:
    """The kernel's command line."""
    return f"inject=frame:{nth} {append or '-- init.test'}"


def judge(lines: list[str], ending: Ending, reached: bool) -> str:
    """What is wrong with a boot that ended so; nothing: empty."""
    if ending.success:
        return ""
    if ending.kind is not Kind.HALT:
        return ending.text
    if broken := next(filter(BROKEN.search, lines), None):
        return broken
    if not reached:
        return f"{ending.text}, and no allocation failed"
    return "" if any(REASON.search(line) for line in lines) else f"{ending.text}, and nobody says why"


def repeat_command(args: argparse.Namespace, nth: int) -> str:
    """The command that boots so once more."""
    clocks = clocks_of(args)
    words = ["tools/grain", "test", "--timeout", f"{clocks.silence:g}", "--limit", f"{clocks.limit:g}"]
    return shlex.join([*words, *machine.words_of(args, append_words(args.append, nth))])
