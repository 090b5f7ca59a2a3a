"""grain profile: where the instructions of one sample of a measured case go."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grainlib import cases, machine, optimised, qemu, results, trace
from grainlib.build import SOURCE_DIR, Build, display_path
from grainlib.code import KINDS, UNKNOWN, Image, Instruction, best_image
from grainlib.failure import Failure
from grainlib.machine import Machine
from grainlib.rsp import Remote

KERNEL_BASE = 0xC0000000
BOOT_SECONDS = 120
SAMPLE_SECONDS = 300
WARM_SAMPLES = 8
REPS = 8

# What bench_begin() and bench_end() mark. Workloads of several CPUs and ways through a boot have no such marks.
SAMPLED = [case for case in cases.CASES if not case.scaling and case.place not in ("init", "sh")]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("profile", help="instructions of one sample of a measured case, by function and line")
    optimised.add_arguments(parser)
    parser.add_argument("case", metavar="CASE", help="what to profile: " + ", ".join(case.name for case in SAMPLED))
    parser.add_argument("--kernel", default="object", metavar="VARIANT", help="object, subsystem, big, object-mcs, ...")
    parser.add_argument("--lines", action="store_true", help="the source lines, each with its instructions")
    parser.add_argument("--stream", action="store_true", help="every instruction in the order of execution")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0; a Failure when the sample could not be had."""
    case = cases.find(args.case)
    if case not in SAMPLED:
        raise Failure(f"{case.name} has no samples to trace; there is {', '.join(one.name for one in SAMPLED)}")
    build = optimised.from_arguments(args, [args.kernel])
    program = Image(build.module(case.program).path)
    place = build.file("profile", case.name).parent
    with tempfile.TemporaryDirectory(prefix=f"{case.name}-", dir=place) as folder:  # another run's are others
        target = boot_of(build, case, args.kernel, Path(folder) / "results")
        steps = record(target, program, Path(folder) / "trace.log")
        found = results.collect(target)
    sample = resolve(steps, *images_of(target, build, program))
    if not found:
        raise Failure(f"{case.name} gave no result: see {display_path(target.log())}")
    print_check(sample, found[-1], f"{case.text} ({case.name}): {describe(target)}")
    if args.stream:
        print_stream(sample)
    elif args.lines:
        print_lines(sample)
    else:
        print_functions(sample)
    return 0


def boot_of(build: Build, case: cases.Case, kernel: str, written: Path) -> Machine:
    """What is booted: the case alone, on as many CPUs as it needs, in turn on one host thread."""
    words = ["--engine", "icount", "--thread", "single", "--smp", str(case.cpus), "--kernel", kernel]
    words += ["--build", str(build.path), *(["--system"] if case.system else [])]
    parser = argparse.ArgumentParser()
    machine.add_arguments(parser)
    options = {"only": case.name, "warm": WARM_SAMPLES, "reps": REPS}
    words += ["--append", " ".join(f"init.bench.{name}={value}" for name, value in options.items())]
    target = machine.from_arguments(parser.parse_args([*words, case.program]), default_system=False)
    return replace(target, results=written)


def describe(target: Machine) -> str:
    """What was measured, in one line."""
    options = results.options_of(target)
    return f"kernel {target.kernel_name}, " + ", ".join(f"{name} {value}" for name, value in options.items() if value)


# ---- Recording. ----


def record(target: Machine, program: Image, log: Path) -> list[trace.Step]:
    """The steps of one sample, after the warm-up."""
    begins, ends = set(program.words(".bench_begin")), set(program.words(".bench_end"))
    with tempfile.TemporaryDirectory(prefix="grain-profile-") as folder:  # a socket's name has to be short
        stub = Path(folder) / "stub"
        command = qemu.command(target, serial=f"file:{display_path(target.log())}", stub=str(stub))
        with target.log().with_suffix(".qemu").open("wb") as complaints:  # of a clock without timers, while stopped
            process = subprocess.Popen([*command, "-D", str(log)], stdin=subprocess.DEVNULL, stderr=complaints)
        try:
            with contextlib.closing(Remote(stub)) as remote:
                step_through(remote, program, ends)
            process.wait(SAMPLE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure("the guest does not end after the sample") from None
        finally:
            process.kill()
            process.wait()
    with log.open(errors="replace") as lines:
        sample = trace.cut(trace.parse(lines), begins, ends)
    if not sample:
        raise Failure("the log of the emulator holds no sample")
    return sample


def step_through(remote: Remote, program: Image, ends: set[int]) -> None:
    """Log the sample after the warm-up.

    A guest that is stopped lets its clock jump to the next timer, which fires as soon as it goes on: between two samples,
    so it is stopped at the end of one, and what is logged is cut down to the next.
    """
    for address in ends:
        remote.set_breakpoint(address)
    for count in range(WARM_SAMPLES + 1):
        to_end(remote, program, BOOT_SECONDS if count == 0 else SAMPLE_SECONDS)
    word = single_step(remote)
    remote.monitor("log " + ",".join([trace.ITEMS, *(f"trace:{event}" for event in trace.EVENTS)]))
    to_end(remote, program, SAMPLE_SECONDS)
    remote.monitor("log none")
    for event in trace.EVENTS:
        remote.monitor(f"trace-event {event} off")
    remote.monitor(f"{word} off")
    for address in ends:
        remote.clear_breakpoint(address)
    remote.order("D")


def single_step(remote: Remote) -> str:
    """Have the emulator translate each instruction by itself; the monitor's word for that, which QEMU 8.1 renamed."""
    for word in ("one-insn-per-tb", "singlestep"):
        answer = remote.monitor(f"{word} on")
        if "unknown command" not in answer:
            return word
    raise Failure(f"this emulator's monitor has no word for single steps: {answer.strip()}")


def to_end(remote: Remote, program: Image, seconds: float) -> None:
    """Run to the next end of a sample. Other programs have other code at that address, and are passed over."""
    remote.resume(seconds, step=True)
    while True:
        remote.resume(seconds)
        address = remote.eip()
        if remote.memory(address, len(program.bytes_at(address))) == program.bytes_at(address):
            return
        remote.resume(seconds, step=True)


# ---- Resolving. ----


@dataclass
class Executed:
    """A step and what it is."""

    step: trace.Step
    what: Instruction

    def kinds(self) -> list[str]:
        """The dear kinds it is of, device accesses in memory included."""
        kinds = self.what.kinds()
        return kinds if "device" in kinds or not self.step.devices else [*kinds, "device"]


def images_of(target: Machine, build: Build, program: Image) -> tuple[Image, list[Image]]:
    """The kernel, and the user programs that may have run."""
    others = [module.path for module in target.modules if module.path.suffix == ".elf"]
    if any(module.path.suffix == ".tar" for module in target.modules):
        servers = ("pager", "proc", "bootfs", "console")
        others += [Path(build.facts["image_files"][name]) for name in servers]
    return Image(target.kernel), [program, *(Image(path) for path in others if path != program.path)]


def resolve(steps: list[trace.Step], kernel: Image, users: list[Image]) -> list[Executed]:
    """What each step is. Which program an address space runs is told from the addresses executed in it."""
    spaces: dict[int, list[int]] = {}
    for step in steps:
        if step.address < KERNEL_BASE:
            spaces.setdefault(step.space, []).append(step.address)
    images = {space: best_image(users, addresses) for space, addresses in spaces.items()}

    def image_of(step: trace.Step) -> Image | None:
        return kernel if step.address >= KERNEL_BASE else images[step.space]

    return [Executed(step, image.code.get(step.address, UNKNOWN) if (image := image_of(step)) else UNKNOWN) for step in steps]


# ---- Printing. ----


@dataclass
class Sum:
    """Instructions, and the dear ones among them."""

    count: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, executed: Executed) -> None:
        """Count one."""
        self.count += 1
        self.kinds.update(executed.kinds())

    def columns(self) -> str:
        """The dear ones, a column each."""
        return "".join(f"{self.kinds[kind] or '':>9}" for kind in KINDS)


def total_of(sample: list[Executed]) -> Sum:
    """All of a sample."""
    total = Sum()
    for executed in sample:
        total.add(executed)
    return total


def print_check(sample: list[Executed], found: dict[str, Any], text: str) -> None:
    """The sample's length beside what the program itself measured, which has to be the same."""
    ticks, clock = sorted(found["ticks"]), found["clock"]
    net = len(sample) - clock
    print(text)
    print(f"{len(sample)} instructions, {clock} of them for the clock: {net}; by the clock: median {ticks[len(ticks) // 2]}")
    if net not in ticks:
        print(f"No sample of this run had {net} by the clock: {' '.join(map(str, ticks))}")


def header(before: str, after: str) -> str:
    """The line above a table."""
    return before + "".join(f"{kind:>9}" for kind in KINDS) + "  " + after


def print_functions(sample: list[Executed]) -> None:
    """A table by function."""
    sums: dict[str, Sum] = {}
    for executed in sample:
        sums.setdefault(f"{executed.what.function} ({executed.what.image})", Sum()).add(executed)
    print("\n" + header(f"{'count':>7}{'share':>7}", "function"))
    for name, one in sorted(sums.items(), key=lambda item: (-item[1].count, item[0])):
        print(f"{one.count:>7}{one.count / len(sample):>7.1%}{one.columns()}  {name}")
    print(f"{len(sample):>7}{1:>7.0%}{total_of(sample).columns()}  all")


def print_lines(sample: list[Executed]) -> None:
    """A listing: the source lines that were executed, file by file."""
    sums: dict[tuple[str, int], Sum] = {}
    for executed in sample:
        sums.setdefault((executed.what.file, executed.what.line), Sum()).add(executed)
    for file in sorted({file for file, _ in sums}):
        source = source_of(file)
        print("\n" + header(f"{'count':>7}", file or "without a source line"))
        for (_, line), one in sorted(item for item in sums.items() if item[0][0] == file):
            text = source[line - 1] if 0 < line <= len(source) else ""
            print(f"{one.count:>7}{one.columns()}  {line:>4}  {text}")


def source_of(file: str) -> list[str]:
    """The lines of a source file, as it is now."""
    path = SOURCE_DIR / file
    return path.read_text(errors="replace").splitlines() if file and path.is_file() else []


def print_stream(sample: list[Executed]) -> None:
    """The instructions in order, function and line where they change."""
    last = ("", "")
    for number, executed in enumerate(sample, 1):
        what = executed.what
        place = (what.function, what.place)
        note = f"  <- {', '.join([*executed.kinds(), *executed.step.devices])}" if executed.kinds() else ""
        where = f"{what.function:<28} {what.place}" if place != last else ""
        print(f"{number:>6} {executed.step.address:08x}  {what.text:<40} {where}{note}".rstrip())
        last = place
