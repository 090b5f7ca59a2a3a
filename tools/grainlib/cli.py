"""Command line: collects the commands and turns failures into one line and an exit status."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from grainlib import (
    cmd_bench,
    cmd_compare,
    cmd_coverage,
    cmd_gate,
    cmd_gdb,
    cmd_iso,
    cmd_lint,
    cmd_profile,
    cmd_report,
    cmd_run,
    cmd_schedules,
    cmd_soak,
    cmd_suite,
    cmd_summary,
    cmd_test,
)
from grainlib.failure import Failure

# A further command is a module here, with add_parser(commands) that sets `command` to its function.
COMMANDS = (
    cmd_run,
    cmd_test,
    cmd_soak,
    cmd_suite,
    cmd_schedules,
    cmd_coverage,
    cmd_gdb,
    cmd_iso,
    cmd_bench,
    cmd_report,
    cmd_compare,
    cmd_gate,
    cmd_profile,
    cmd_lint,
    cmd_summary,
)


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="grain", description="Boot, test and check Grain.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add_parser(commands)
    return parser


def on_terminate(_signal: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that the emulator is ended on the way out."""
    raise SystemExit(1)


def main(argv: list[str]) -> int:
    """Run one command; the exit status is 0 when it succeeded, else 1 (2 for wrong usage)."""
    signal.signal(signal.SIGTERM, on_terminate)
    args = make_parser().parse_args(argv)
    try:
        return int(args.command(args))
    except Failure as failure:
        print(f"grain: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:  # whoever read our output has seen enough; nothing more can be flushed to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
