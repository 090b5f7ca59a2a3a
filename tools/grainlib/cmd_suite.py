"""grain suite: the boot tests of whole suites, with another kernel than Meson runs them with."""

from __future__ import annotations

import argparse

from grainlib import cmd_test, suites
from grainlib.build import Build
from grainlib.options import positive
from grainlib.tap import Tap


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("suite", help="boot the tests of whole suites, with any kernel")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.add_argument("--kernel", default="object", metavar="VARIANT", help="as object-races (default: %(default)s)")
    parser.add_argument("--smp", type=positive, default=4, metavar="N", help="CPUs (default: %(default)s)")
    parser.add_argument("--append", default="", metavar="WORDS", help="words for the kernel command line")
    parser.add_argument("names", nargs="+", metavar="NAME", help="suites and tests, as user or user/ipc_fifo")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when all passed."""
    tap = Tap.on_stdout()
    for test in suites.find(Build.find(args.build), args.names, args.smp):
        problems = cmd_test.quietly(test.with_kernel(args.kernel, args.append).arguments, lambda machine: machine)
        tap.result(not problems, f"{test.name} {args.kernel} smp={args.smp}", problems)
    tap.finish()
    return 1 if tap.failures else 0
