"""Command line: collects the commands and turns failures into one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from types import FrameType

from grainlib.failure import Failure

# A further command is a module here, with add_parser(commands) that sets `command` to its function. Each test of the
# tree is a command of its own: only what that one needs is loaded.
MODULES = {
    "run": "cmd_run",
    "test": "cmd_test",
    "soak": "cmd_soak",
    "suite": "cmd_suite",
    "schedules": "cmd_schedules",
    "coverage": "cmd_coverage",
    "inject": "cmd_inject",
    "gdb": "cmd_gdb",
    "iso": "cmd_iso",
    "bench": "cmd_bench",
    "report": "cmd_report",
    "compare": "cmd_compare",
    "gate": "cmd_gate",
    "profile": "cmd_profile",
    "lint": "cmd_lint",
    "summary": "cmd_summary",
}
ALSO = {"format": "cmd_lint", "lint-locks": "cmd_lint"}  # commands of a module that has several


def make_parser(module: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands, or of one module's."""
    parser = argparse.ArgumentParser(prog="grain", description="Boot, test and check Grain.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in MODULES.values() if module is None else (module,):
        importlib.import_module(f"grainlib.{name}").add_parser(commands)
    return parser


def on_terminate(_signal: int, _frame: FrameType | None) -> None:
    """Leave by an exception, so that the emulator is ended on the way out."""
    raise SystemExit(1)


def main(argv: list[str]) -> int:
    """Run one command; the exit status is 0 when it succeeded, else 1 (2 for wrong usage)."""
    signal.signal(signal.SIGTERM, on_terminate)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` means what it says
        signal.signal(signal.SIGHUP, on_terminate)
    module = (MODULES | ALSO).get(argv[0]) if argv else None
    args = make_parser(module).parse_args(argv)
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
