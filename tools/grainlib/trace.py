"""QEMU's execution log, one instruction a block (`-singlestep`), as a list of steps.

Log items: exec (the address), cpu (registers), int (exceptions and interrupts), trace:apic_mem_*, trace:ioapic_mem_*,
trace:cpu_in, trace:cpu_out (device accesses). An instruction that is logged has not always been executed: the ones
that faulted, and those that QEMU took back, are left out, as its instruction counter leaves them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

ITEMS = "exec,nochain,cpu,int"
EVENTS = (
    "apic_mem_readl",
    "apic_mem_writel",
    "ioapic_mem_read",
    "ioapic_mem_write",
    "cpu_in",
    "cpu_out",
)

EXEC = re.compile(r"Trace (\d+): \S+ \[\w+/([0-9a-f]+)/")
CR3 = re.compile(r"\bCR3=([0-9a-f]+)")
EXCEPTION = re.compile(r"\s*\d+: v=([0-9a-f]{2}) e=[0-9a-f]{4} i=(\d)")
TAKEN_BACK = re.compile(r"Stopped execution of TB chain before|cpu_io_recompile: rewound execution")
EVENT = re.compile(rf"(?:\S+:)?({'|'.join(EVENTS)}) (.*)")

# These are reported after the instruction (Intel SDM volume 3, 6.5); of the others it is undone and comes again.
TRAP_VECTORS = (1, 3, 4)
FIRST_INTERRUPT = 32


@dataclass
class Step:
    """One executed instruction."""

    cpu: int
    address: int
    space: int = 0  # CR3
    devices: list[str] = field(default_factory=list)


def is_undone(vector: int, is_software: bool) -> bool:
    """Whether the instruction before this exception will come again."""
    return not is_software and vector < FIRST_INTERRUPT and vector not in TRAP_VECTORS


def parse(lines: Iterable[str]) -> list[Step]:
    """The steps of a log."""
    steps: list[Step] = []
    for line in lines:
        if match := EXEC.match(line):
            steps.append(Step(int(match[1]), int(match[2], 16)))
        elif not steps:
            continue
        elif match := EXCEPTION.match(line):
            if is_undone(int(match[1], 16), match[2] == "1"):
                steps.pop()
        elif TAKEN_BACK.match(line):
            steps.pop()
        elif match := EVENT.match(line):
            steps[-1].devices.append(f"{match[1]} {match[2]}")
        elif (match := CR3.search(line)) and steps[-1].space == 0:
            steps[-1].space = int(match[1], 16)
    return steps


def cut(steps: list[Step], begins: set[int], ends: set[int]) -> list[Step]:
    """The steps of the last sample: from where one of `begins` was executed to before one of `ends`."""
    start = max((i for i, step in enumerate(steps) if step.address in begins), default=len(steps))
    end = next((i for i, step in enumerate(steps) if i > start and step.address in ends), len(steps))
    return steps[start:end]
