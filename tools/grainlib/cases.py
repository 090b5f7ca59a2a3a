"""The measured cases: in which program of tests/bench/ each is, and what the field needs for it.

The figures of other systems were all measured with the `icount` engine, in instructions, on one CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

from grainlib.failure import Failure


@dataclass(frozen=True)
class Case:
    """One primitive."""

    name: str
    program: str
    text: str
    system: bool = False  # runs as a process of the full system
    cpus: int = 1


CASES = (
    Case("null", "bench_ipc", "null system call"),
    Case("yield_alone", "bench_ipc", "yield, nobody else ready"),
    Case("yield_two", "bench_ipc", "yield between two, each switch"),
    Case("ipc", "bench_ipc", "IPC round trip, 4 words in registers"),
    Case("ipc_10", "bench_ipc", "IPC round trip, 10 words"),
    Case("ipc_60", "bench_ipc", "IPC round trip, 60 words"),
    Case("ipc_page", "bench_ipc", "IPC round trip, a page each way"),
    Case("ipc_16_pages", "bench_ipc", "IPC round trip, 16 pages each way"),
    Case("notify", "bench_ipc", "notification round trip"),
    Case("ipc_cross", "bench_ipc", "IPC round trip across two CPUs", cpus=2),
    Case("notify_cross", "bench_ipc", "notification round trip across two CPUs", cpus=2),
)


def find(name: str) -> Case:
    """The case of that name."""
    for case in CASES:
        if case.name == name:
            return case
    raise Failure(f"no case {name}; there is {', '.join(case.name for case in CASES)}")
