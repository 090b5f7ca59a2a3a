"""What is to be booted: engine, CPUs, memory, kernel, programs; and the options that say so."""

from __future__ import annotations

import argparse
import re
import shlex
import zlib
from dataclasses import dataclass
from pathlib import Path

from grainlib.build import Build, Module
from grainlib.failure import Failure

ENGINES = ("qemu", "icount", "bochs", "kvm")
BOCHS_MAX_CPUS = 8
DEFAULT_MEMORY = "256M"


@dataclass(frozen=True)
class Machine:
    """One boot, whichever engine does it."""

    build: Build
    engine: str
    smp: int
    mem_mib: int
    boot: str
    thread: str
    kernel_name: str
    kernel: Path
    modules: tuple[Module, ...]
    append: str
    results: Path | None = None  # the file behind the second serial port, if there is one

    def name(self) -> str:
        """A file name for what this boot leaves behind; the same boot has the same name, another one another."""
        words = [self.engine, self.boot, self.kernel_name, f"smp{self.smp}"]
        words += ["single"] if self.engine == "qemu" and self.thread == "single" else []
        words += [f"{self.mem_mib}M"] if self.mem_mib != parse_size(DEFAULT_MEMORY) else []
        words += [self.append]
        words += [module.text(module.path.stem) for module in self.modules if module.path.stem != "init"]
        text = re.sub(r"[^A-Za-z0-9.=]+", "-", " ".join(word for word in words if word)).strip("-")
        return text if len(text) <= 80 else f"{text[:72]}{zlib.crc32(text.encode()):08x}"

    def log(self) -> Path:
        """Where the console of this boot is kept."""
        return self.build.file("console", self.name() + ".log")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that describe a machine, common to all commands that boot one."""
    parser.add_argument("--engine", choices=ENGINES, default="qemu", help="what boots the kernel (default: qemu)")
    parser.add_argument("--smp", type=int, metavar="N", help="CPUs (default: 4, icount 1)")
    parser.add_argument("--mem", default=DEFAULT_MEMORY, metavar="SIZE", help="memory, as 256M or 1G (default: %(default)s)")
    parser.add_argument("--boot", choices=("kernel", "iso"), default="kernel", help="direct, or GRUB on an ISO")
    parser.add_argument("--thread", choices=("multi", "single"), help="QEMU's host threads: one a CPU, or one")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.add_argument("--kernel", default="grain", metavar="VARIANT", help="grain, object, subsystem, big, as big-mcs, or a file")
    parser.add_argument("--append", default="", metavar="WORDS", help="words for the kernel command line")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--system", action="store_true", help="boot the system; programs are processes in it")
    what.add_argument("--jos", action="store_true", help="programs for the JOS user API, each an env; FILE.c too")
    what.add_argument("--demo", action="store_true", help="boot init alone: its measurements, without servers")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="NAME, FILE.elf, FILE.c, quoted with arguments")


def cpus_of(args: argparse.Namespace) -> int:
    """How many CPUs the options mean."""
    return args.smp if args.smp is not None else (1 if args.engine == "icount" else 4)


def words_of(args: argparse.Namespace, append: str) -> list[str]:
    """The options again that describe this machine, with another command line for the kernel: to boot it once more."""
    words = ["--engine", args.engine, "--kernel", args.kernel, "--smp", str(cpus_of(args))]
    for name in ("build", "mem", "boot", "thread"):
        value = getattr(args, name)
        words += [f"--{name}", value] if value else []
    words += [f"--{name}" for name in ("system", "jos", "demo") if getattr(args, name)]
    return [*words, "--append", append, *args.programs]


def split(program: str) -> list[str]:
    """A program's name and arguments, as a shell would split them."""
    try:
        return shlex.split(program) or [""]
    except ValueError as error:
        raise Failure(f"{program!r}: {error}") from None


def from_arguments(args: argparse.Namespace, default_system: bool) -> Machine:
    """The machine the options describe: init, then bare programs or the boot image."""
    build = Build.find(args.build)
    for program in args.programs:
        split(program)  # before anything else is said of it
    if args.demo and args.programs:
        raise Failure("--demo runs no programs")
    if args.jos:
        if not args.programs:
            raise Failure("--jos: which program?")
        modules, words = tuple(build.module(words, jos=True) for words in args.programs), []
    elif args.system or (default_system and not args.programs and not args.demo):
        others, words = system_modules(build, args.programs)
        modules = (build.module("init"), *others)
    else:
        modules, words = (build.module("init"), *(build.module(words) for words in args.programs)), []
    machine = Machine(
        build=build,
        engine=args.engine,
        smp=cpus_of(args),
        mem_mib=parse_size(args.mem),
        boot="iso" if args.engine == "bochs" else args.boot,
        thread=args.thread or ("single" if args.engine == "icount" else "multi"),
        kernel_name=Path(args.kernel).stem,
        kernel=build.kernel(args.kernel),
        modules=modules,
        append=" ".join(filter(None, ["jos" if args.jos else "", args.append, *words])),
    )
    refuse_impossible(machine, asked_single=args.thread == "single")
    return machine


def system_modules(build: Build, programs: list[str]) -> tuple[tuple[Module, ...], list[str]]:
    """The boot image, and the words that tell init what to run in place of the shell."""
    words = []
    extra = {}
    for program in programs:
        name, *arguments = split(program)
        if name not in build.facts["image_files"]:
            path = build.module(name).path
            name = path.stem
            if extra.setdefault(name, path) != path:
                raise Failure(f"--system: two programs are called {name}")
        words.append("init.run=" + ",".join([name, *arguments]))
        if len(arguments) != sum(map(bool, arguments)) or re.search(r"[ ,]", "".join([name, *arguments])):
            raise Failure(f"--system: no blanks, commas or empty words in {program!r}")
    return (Module(build.boot_image(extra)),), words


def parse_size(text: str) -> int:
    """MiB in a size such as 256M or 1G."""
    match = re.fullmatch(r"(\d+)([MG])", text.upper())
    if not match:
        raise Failure(f"--mem {text}: a size is a number and M or G")
    return int(match[1]) * (1024 if match[2] == "G" else 1)


def refuse_impossible(machine: Machine, asked_single: bool) -> None:
    """One line for what the engine could not do or would do otherwise than meant."""
    smp = machine.smp
    if smp < 1:
        raise Failure("--smp: at least one CPU")
    if machine.engine == "icount" and machine.thread == "multi":
        raise Failure("--engine icount counts on one host thread only: leave --thread multi out")
    if machine.engine == "icount" and smp > 1 and not asked_single:
        raise Failure("--engine icount runs several CPUs in turn on one thread: say --thread single if you mean it")
    if machine.engine == "bochs" and smp > BOCHS_MAX_CPUS:
        raise Failure(f"--engine bochs has at most {BOCHS_MAX_CPUS} CPUs")
    if machine.engine == "kvm":
        try:
            open("/dev/kvm", "r+b").close()
        except OSError as error:
            why = f"--engine kvm: cannot open /dev/kvm ({error.strerror}); --engine qemu runs anywhere"
            raise Failure(why) from None
