"""grain gdb: boot under the debugger, stopped before the first instruction."""

from __future__ import annotations

import argparse
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from grainlib import launch, machine, qemu
from grainlib.build import SOURCE_DIR, display_path
from grainlib.failure import Failure

SCRIPT = SOURCE_DIR / "tools" / "gdb" / "grain.gdb"
HINT = r"Stopped before the first instruction. Try: kbreak kernel_main, continue; info threads shows the CPUs.\n"
STUB_SECONDS = 10


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
    if args.dry_run:
        emulator, debugger = commands_for(args, target, Path(tempfile.gettempdir()) / "grain-gdb-stub")
        print(shlex.join(emulator) + " &\n" + shlex.join(debugger))
        return 0
    if shutil.which("gdb") is None:
        raise Failure("no gdb: install gdb")
    launch.prepare(target)
    with tempfile.TemporaryDirectory(prefix="grain-gdb-") as folder:  # a socket's name has to be short
        stub = Path(folder) / "stub"
        emulator, debugger = commands_for(args, target, stub)
        print(f"{shlex.join(emulator)}\nThe guest's console goes to {display_path(target.log())}", flush=True)
        return debug(emulator, debugger, stub)


def commands_for(args: argparse.Namespace, target: machine.Machine, stub: Path) -> tuple[list[str], list[str]]:
    """The emulator's command and gdb's; they meet at a socket that is this boot's alone."""
    emulator = qemu.command(target, serial=f"file:{display_path(target.log())}", stub=str(stub))
    orders = [f"target remote {stub}", f"echo {HINT}", *args.ex]
    debugger = ["gdb", "-q", "-x", str(SCRIPT), *(word for order in orders for word in ("-ex", order))]
    return emulator, [*debugger, *(["-batch"] if args.batch else []), str(target.kernel)]


def debug(emulator: list[str], debugger: list[str], stub: Path) -> int:
    """Run both. Ctrl-C means gdb: it reaches neither QEMU, which has its own session, nor us."""
    process = subprocess.Popen(emulator, stdin=subprocess.DEVNULL, start_new_session=True)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        wait_for(stub, process)
        return subprocess.run(debugger, check=False, preexec_fn=restore_interrupt).returncode
    finally:
        signal.signal(signal.SIGINT, before)
        process.kill()
        process.wait()


def wait_for(stub: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the emulator has made its socket; a Failure if it ends before that, or takes too long."""
    end = time.monotonic() + STUB_SECONDS
    while not stub.exists():
        if process.poll() is not None:
            raise Failure(f"the emulator ended with status {process.returncode}, see above")
        if time.monotonic() > end:
            raise Failure(f"the emulator did not open its debug stub in {STUB_SECONDS} s")
        time.sleep(0.02)


def restore_interrupt() -> None:
    """Give gdb back the interrupt that we ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
