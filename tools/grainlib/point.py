"""One point of the benchmark matrix: an engine, a number of CPUs, a kernel; and the boots that measure it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grainlib import cases, launch, pin, results
from grainlib.build import Build, Module
from grainlib.cases import Case
from grainlib.ending import Clocks, watch
from grainlib.failure import Failure
from grainlib.machine import Machine, refuse_impossible

ENGINES = ("icount", "bochs", "mttcg", "kvm")
CLOCKS = Clocks(silence=300, limit=1800)
STEAL_TRIES = 5
MEMORY_MIB = 256
COMMAND_LINE_MAX = 500  # of struct sysinfo

# Where ticks are the host's time, nothing else may run meanwhile, and a workload runs for longer than its own default.
HOST_TIME_ENGINES = ("mttcg", "kvm")
HOST_WINDOW_TICKS = 500_000_000


@dataclass(frozen=True)
class Point:
    """What is measured in one go, into one file."""

    engine: str
    smp: int
    kernel: str
    names: tuple[str, ...]  # cases
    reps: int

    def file_name(self) -> str:
        """The results file of the point."""
        return f"{self.engine}-smp{self.smp}-{self.kernel}.jsonl"

    def command(self, output: Path, under: str, build: str | None) -> str:
        """The command that measures just this point."""
        words = ["tools/grain", "bench", *self.names, "--engine", self.engine, "--smp", str(self.smp)]
        words += ["--kernel", self.kernel, "--reps", str(self.reps), *(["--build", build] if build else ["--under", under])]
        return shlex.join([*words, "--output", str(output / self.file_name())])

    def seconds(self) -> float:
        """About how long it takes; only the proportions matter, for the estimate of the time left."""
        each = {"icount": 2.0, "mttcg": 3.0, "kvm": 2.0, "bochs": 5.0 + 1.2 * self.smp}[self.engine]
        return each * len(list(group(self.names)))


@dataclass(frozen=True)
class BootPlan:
    """Cases that are measured in one boot."""

    system: bool
    place: str
    programs: tuple[tuple[str, tuple[Case, ...]], ...]


def group(names: Iterable[str]) -> Iterator[BootPlan]:
    """The boots that measure these cases: bare programs one after the other, processes likewise."""
    chosen = [cases.find(name) for name in names]
    for system in (False, True):
        for place in sorted({case.place for case in chosen}):
            of_boot = [case for case in chosen if case.system == system and case.place == place]
            programs: dict[str, list[Case]] = {}
            for case in of_boot:
                programs.setdefault(case.program, []).append(case)
            if programs:
                yield BootPlan(system, place, tuple((name, tuple(some)) for name, some in programs.items()))


def machine_of(point: Point, plan: BootPlan, build: Build) -> Machine:
    """The machine for one boot."""
    target = Machine(
        build=build,
        engine="qemu" if point.engine == "mttcg" else point.engine,
        smp=point.smp,
        mem_mib=MEMORY_MIB,
        boot="iso" if point.engine == "bochs" else "kernel",
        thread="single" if point.engine == "icount" else "multi",
        kernel_name=point.kernel,
        kernel=build.kernel(point.kernel),
        modules=modules_of(plan, build),
        append=" ".join(boot_words(point, plan)),
    )
    refuse_impossible(target, asked_single=point.engine == "icount")
    folder = build.file("measured", target.name(), "results")
    return replace(target, results=folder)


def boot_words(point: Point, plan: BootPlan) -> list[str]:
    """The kernel's command line: what the programs are told (tests/bench/bench.h), and which of them init runs."""
    names = [case.name for _, some in plan.programs for case in some]
    words = [f"init.bench.only={','.join(names)}", f"init.bench.reps={point.reps}"]
    if point.engine in HOST_TIME_ENGINES:
        words.append(f"init.bench.window={HOST_WINDOW_TICKS}")
    if plan.system and not plan.place:
        words += [f"init.run={program}" for program, _ in plan.programs]
    if len(" ".join(words)) > COMMAND_LINE_MAX:
        raise Failure("too many cases in one boot")
    return words


def modules_of(plan: BootPlan, build: Build) -> tuple[Module, ...]:
    """init and the programs, or what takes the place of one of them."""
    programs = [build.module(program) for program, _ in plan.programs]
    if plan.place == "init":
        return (programs[0],)
    if plan.system:
        return (build.module("init"), Module(build.boot_image({plan.place: programs[0].path} if plan.place else {})))
    return (build.module("init"), *programs)


def measure(point: Point, build: Build, output: Path) -> list[str]:
    """Boot as often as it takes; returns what went wrong. What a boot has measured is kept also when it is ended."""
    problems = []
    for plan in group(point.names):
        target = machine_of(point, plan, build)
        assert target.results is not None
        target.results.unlink(missing_ok=True)
        target.log().unlink(missing_ok=True)
        launch.prepare(target)
        try:
            problems += boot_undisturbed(target, plan, point.smp)
        finally:
            results.append(output, results.make_header(target), results.collect(target))
    return problems


def boot_undisturbed(target: Machine, plan: BootPlan, cpus: int) -> list[str]:
    """One boot. Where ticks are cycles it is made again while the host's own host takes time from it."""
    for _ in range(STEAL_TRIES):
        before = pin.steal()
        problems = boot(target, plan, cpus)
        if target.engine != "kvm" or problems or pin.steal() == before:
            return problems
        assert target.results is not None
        target.results.unlink(missing_ok=True)
        target.log().unlink(missing_ok=True)
    return [f"{target.name()}: the host is a virtual machine that lost time in each of {STEAL_TRIES} boots"]


def boot(target: Machine, plan: BootPlan, cpus: int) -> list[str]:
    """One boot; returns what went wrong."""
    with launch.launch(target) as guest:
        if target.engine == "kvm":
            pin.pin(guest.process.pid, cpus)
        ending = watch(guest, CLOCKS, lambda line: None)
        # Bochs writes what it has for a serial port's file when it ends.
        guest.exit_status()
    found = {values["bench"] for values in results.collect(target)}
    wanted = {case.name for _, some in plan.programs for case in some if case.cpus <= cpus}
    problems = [f"{name}: no result" for name in sorted(wanted - found)]
    if not ending.success:
        problems.append(f"{target.name()}: {ending.text}; its console is {target.log()}")
    return problems
