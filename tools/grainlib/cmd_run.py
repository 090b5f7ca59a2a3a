"""grain run: boot, with the guest's console on this terminal."""

from __future__ import annotations

import argparse
import os
import re
import select
import shlex
import subprocess
import sys
import termios
import time
import tty

from grainlib import bochs, launch, machine, qemu
from grainlib.guest import Guest, Terminal, read_some
from grainlib.machine import Machine

LEAVE = "Ctrl-A X"
HALT_LINE = re.compile(rb"grain: halt code (\d+)\r?\n")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="boot with the console on this terminal")
    machine.add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the emulator command and do nothing")
    parser.add_argument("--timeout", type=float, metavar="S", help="end the run after S seconds")
    parser.add_argument("--window", action="store_true", help="show the screen in a window, whose keyboard counts too")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when the guest halted with code 0 or the user left, else 1."""
    target = machine.from_arguments(args, default_system=True)
    command = launch.command(target, serial="mon:stdio")
    if args.window:
        command = qemu.with_window(command)
    if args.dry_run:
        print(shlex.join(command))
        return 0
    print(f"To leave: {LEAVE}\n{shlex.join(command)}", flush=True)
    launch.prepare(target)
    return run_bochs(target, args.timeout) if target.engine == "bochs" else run_qemu(command, args.timeout)


def run_qemu(command: list[str], timeout: float | None) -> int:
    """Hand the terminal to QEMU, which returns 0 when the user left."""
    process = subprocess.Popen(command)
    try:
        return 0 if process.wait(timeout) in (0, qemu.EXIT_SUCCESS) else 1
    except subprocess.TimeoutExpired:
        print(f"\ngrain: ended after {timeout:g} s", file=sys.stderr)
        return 1
    finally:
        process.terminate()
        process.wait()


def run_bochs(target: Machine, timeout: float | None) -> int:
    """Pass bytes between this terminal and the guest's until either side ends."""
    console = Terminal()
    bochs.configure(target, console.path)
    saved = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    with Guest.on_terminals(launch.command(target), target.log(), console) as guest:
        try:
            if saved:
                tty.setraw(sys.stdin)
            return exchange(guest, time.monotonic() + (timeout or float("inf")))
        finally:
            if saved:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)


def exchange(guest: Guest, end: float) -> int:
    """The exit status of a run whose console is copied both ways."""
    sources = [guest.console, *guest.drains, *([sys.stdin.fileno()] if sys.stdin.isatty() else [])]
    keys = b""
    seen = b""
    while guest.process.poll() is None and time.monotonic() < end:
        ready, _, _ = select.select(sources, [], [], 0.5)
        for source in ready:
            chunk = read_some(source)
            if source == guest.console:
                seen = (seen + chunk)[-256:]
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
            elif source not in guest.drains:
                keys = (keys + chunk)[-2:]
                if keys in (b"\x01x", b"\x01X"):
                    return 0
                os.write(guest.console, chunk)
        if halt := HALT_LINE.search(seen):
            return 0 if int(halt[1]) == 0 else 1
    return 1
