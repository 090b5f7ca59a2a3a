"""grain iso: write a bootable CD image."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from grainlib import iso, machine
from grainlib.build import display_path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("iso", help="write a GRUB ISO with kernel and programs")
    machine.add_arguments(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="where to (default: grain.iso in the build)")
    parser.add_argument("--dry-run", action="store_true", help="print the command that makes it and do nothing")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Write the image and say where."""
    target = machine.from_arguments(args, default_system=True)
    output = args.output or target.build.file("grain.iso")
    if args.dry_run:
        print(shlex.join(iso.command(output)))
        return 0
    iso.make(target, output)
    print(display_path(output.resolve()))
    return 0
