"""grain gdb: boot under the debugger, stopped before the first instruction."""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import subprocess

from grainlib import launch, machine, qemu
from grainlib.build import SOURCE_DIR, display_path
from grainlib.failure import Failure

SCRIPT = SOURCE_DIR / "tools" / "gdb" / "grain.gdb"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("gdb", help="boot stopped, with gdb attached")
    machine.add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="print both commands and do nothing")
    parser.add_argument("--ex", action="append", default=[], metavar="GDB", help="gdb command to start with")
    parser.add_argument("--batch", action="store_true", help="leave gdb after those commands")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """gdb's exit status; QEMU ends with it."""
    target = machine.from_arguments(args, default_system=True)
    if target.engine == "bochs":
        raise Failure("gdb attaches to QEMU only: leave --engine bochs out")
    emulator = qemu.command(target, serial=f"file:{display_path(target.log())}", debug=True)
    debugger = ["gdb", "-q", "-x", str(SCRIPT), str(target.kernel)]
    debugger += [word for command in args.ex for word in ("-ex", command)]
    if args.batch:
        debugger.append("-batch")
    if args.dry_run:
        print(shlex.join(emulator) + " &\n" + shlex.join(debugger))
        return 0
    if shutil.which("gdb") is None:
        raise Failure("no gdb: install gdb")
    launch.prepare(target)
    print(f"{shlex.join(emulator)}\nThe guest's console goes to {display_path(target.log())}", flush=True)
    return debug(emulator, debugger)


def debug(emulator: list[str], debugger: list[str]) -> int:
    """Run both. Ctrl-C means gdb: it reaches neither QEMU, which has its own session, nor us."""
    process = subprocess.Popen(emulator, stdin=subprocess.DEVNULL, start_new_session=True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(debugger, check=False, preexec_fn=restore_interrupt).returncode
    finally:
        signal.signal(signal.SIGINT, before)
        process.kill()
        process.wait()


def restore_interrupt() -> None:
    """Give gdb back the interrupt that we ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
