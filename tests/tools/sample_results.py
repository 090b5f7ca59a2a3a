"""Results as `grain bench` writes them, made up: every kind of line, two kernels, four numbers of CPUs."""

from __future__ import annotations

from typing import Any

from grainlib.results import UNITS, Result

CPUS = (1, 2, 4, 8)


def header(engine: str, cpus: int, granularity: str, lockstat: str = "off") -> dict[str, Any]:
    """A header."""
    options = {"lock_granularity": granularity, "lock_algorithm": "ticket", "lockstat": lockstat, "fastpath": True}
    return {
        "grain": "0.1.0",
        "commit": "0123456789ab",
        "engine": engine,
        "engine_version": "Emulator 1.0",
        "unit": UNITS[engine],
        "host": "a host with a rather long name, 2 CPUs, Linux",
        "cpus": cpus,
        "memory_mib": 256,
        "options": options,
    }


def primitive(name: str, ticks: list[int], granularity: str = "object", ops: int = 1, cpus: int = 1) -> Result:
    """The samples of a case."""
    values = {"bench": name, "cpus": cpus, "ops": ops, "clock": 3, "ticks": ticks}
    return Result(header("icount", cpus, granularity), values)


def workload(name: str, cpus: int, ops: int, granularity: str = "object", lockstat: str = "off") -> Result:
    """What workers have done."""
    values = {"bench": name, "cpus": cpus, "workers": cpus, "think": 0, "window": 1000000}
    values |= {"ops": [ops // cpus] * cpus, "max_wait": [500] * cpus}
    return Result(header("bochs", cpus, granularity, lockstat), values)


def locks(name: str, cpus: int, granularity: str = "object", lockstat: str = "full") -> Result:
    """What a class of locks has seen."""
    values = {"bench": "locks", "of": name, "class": "env", "cpus": cpus, "span": 1000000, "acquisitions": 5000}
    values |= {"contended": 40, "handovers": 20, "longest_run": 99, "wait_ticks": 20000 * cpus, "hold_ticks": 90000}
    values |= {"wait": [0] * 5 + [30, 10] + [0] * 25, "hold": [0] * 4 + [1000, 4000] + [0] * 26}
    return Result(header("bochs", cpus, granularity, lockstat), values)


def way(name: str, longest: int, cpus: int = 8, granularity: str = "object") -> Result:
    """The longest way through the kernel of a kind."""
    values = {"bench": "section", "way": name, "count": 10, "longest": longest}
    return Result(header("bochs", cpus, granularity, "full"), values)


def all_kinds() -> list[Result]:
    """Enough for every part of a report."""
    found = [primitive("null", [41] * 10), primitive("ipc", [171] * 9 + [180]), primitive("fork_256", [75000] * 10)]
    found += [primitive("fork_1024", [151800] * 10), primitive("yield_two", [300] * 10, ops=2)]
    found += [primitive("ipc", [194] * 10, "big"), primitive("ipc_cross", [1600] * 10, cpus=2)]
    found += [way("ipc", 900), way("ipc", 700, 4), way("page_unmap", 4000), way("ipc", 5000, 8, "big")]
    for cpus in CPUS:
        for name in ("pairs_0", "one_server"):
            found.append(workload(name, cpus, 4000 * cpus))
            found.append(workload(name, cpus, 4000 * cpus // (1 + cpus // 2), "big"))
            found.append(locks(name, cpus))
    return found
