"""grain test: boot test programs and turn their console into TAP."""

from __future__ import annotations

import argparse
import io
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grainlib import bochs, launch, machine
from grainlib.build import display_path
from grainlib.ending import Clocks, Ending, Kind, watch
from grainlib.guest import Guest
from grainlib.machine import Machine
from grainlib.options import positive
from grainlib.tap import Tap

TAIL_LINES = 60


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("test", help="boot test programs, print TAP")
    add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the emulator command and do nothing")
    parser.add_argument("--repeat", type=positive, default=1, metavar="N", help="boot N times, up to the first failure")
    parser.set_defaults(command=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that describe one boot and what has to come of it."""
    machine.add_arguments(parser)
    parser.add_argument("--timeout", type=float, default=120, metavar="S", help="hung after S seconds of silence (120)")
    parser.add_argument("--limit", type=float, default=300, metavar="S", help="hung after S seconds in all (300)")
    parser.add_argument("--expect-panic", metavar="TEXT", help="pass only when the kernel panics with TEXT")
    parser.add_argument(
        "--expect", action="append", default=[], metavar="TEXT", help="pass only when a line of the console has TEXT"
    )


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when there were tests and all passed."""
    target = machine.from_arguments(args, default_system=False)
    command = launch.command(target)
    if args.dry_run:
        print(shlex.join(command))
        return 0
    tap = Tap.on_stdout()
    tap.note(shlex.join(command))
    tap.note(f"console in {display_path(target.log())}")
    launch.prepare(target)
    boot = boot_of(args, target)
    for count in range(1, args.repeat + 1):
        tap.suffix = f" (boot {count})" if args.repeat > 1 else ""
        run_boot(boot, tap)
        if tap.failures:
            break
    tap.finish()
    return 1 if tap.failures else 0


def quietly(words: Sequence[str], change: Callable[[Machine], Machine]) -> list[str]:
    """Boot what `grain test` would with these words, on the machine that `change` makes of its own.

    Returns nothing when all passed, else what did not, and the end of the console.
    """
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(words)
    target = change(machine.from_arguments(args, default_system=False))
    launch.prepare(target)
    out = io.StringIO()
    tap = Tap(out)
    run_boot(boot_of(args, target), tap)
    lines = [line for line in out.getvalue().splitlines() if not line.startswith("ok ")]
    return lines[-TAIL_LINES:] if tap.failures else []


def boot_of(args: argparse.Namespace, target: Machine) -> Boot:
    """How to boot that machine, and what the options expect of it."""
    return Boot(
        start=lambda: launch.launch(target),
        clocks=Clocks(args.timeout, args.limit),
        expect_panic=args.expect_panic,
        expect=tuple(args.expect),
        writes_results=target.results is not None,
        excuse=lambda: bochs.firmware_failure(target) if target.engine == "bochs" else None,
    )


@dataclass
class Boot:
    """How to boot and what has to come of it."""

    start: Callable[[], Guest]
    clocks: Clocks
    expect_panic: str | None = None
    expect: tuple[str, ...] = ()
    writes_results: bool = False  # on the second serial port, up to its end
    excuse: Callable[[], str | None] = lambda: None  # why a boot that ended early says nothing about us


def run_boot(boot: Boot, tap: Tap) -> None:
    """One boot's results, and one more if it did not end as it should."""
    before = tap.count
    lines: list[str] = []

    def on_line(line: str) -> None:
        lines.append(line)
        tap.guest_line(line)

    with boot.start() as guest:
        ending = watch(guest, boot.clocks, on_line)
        if boot.writes_results and ending.kind is not Kind.STUCK:
            guest.exit_status()  # what it writes is complete when it has ended by itself
    for text in boot.expect:
        found = any(text in line for line in lines)
        tap.result(found, f"console: {text}", [] if found else ending.tail)
    if ending.kind is Kind.EXIT and (why := boot.excuse()):
        tap.skip("boot", why)
    elif boot.expect_panic is not None:
        report_panic(ending, boot.expect_panic, tap)
    elif not ending.success:
        tap.result(False, f"boot: {ending.text}", ending.tail)
    elif tap.count == before:
        tap.result(False, "boot: no test reported anything", ending.tail)


def report_panic(ending: Ending, text: str, tap: Tap) -> None:
    """The result of a test that has to end in a panic."""
    as_expected = ending.kind is Kind.PANIC and text in ending.text
    tap.result(as_expected, f"panic: {text}", [] if as_expected else [ending.text, *ending.tail])
