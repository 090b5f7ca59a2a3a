"""A guest's CPUs on CPUs of the host, one to one, and the time that the host's own host took away."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from grainlib.failure import Failure

# QEMU names its threads so with `-name debug-threads=on`.
VCPU = re.compile(r"CPU (\d+)/(KVM|TCG)")
SECONDS = 10
STEAL_COLUMN = 8  # of /proc/stat, in ticks of the host's clock


def host_cpus() -> list[int]:
    """The CPUs that this process may use."""
    return sorted(os.sched_getaffinity(0))


def pin(process: int, cpus: int) -> None:
    """Put each of a QEMU's virtual CPUs on a CPU of its own."""
    wanted = dict(enumerate(host_cpus()[:cpus]))
    if len(wanted) < cpus:
        raise Failure(f"{cpus} CPUs need as many of the host, which has {len(wanted)}")
    end = time.monotonic() + SECONDS
    while wanted:
        for number, thread in threads(process).items():
            if number in wanted:
                os.sched_setaffinity(thread, {wanted.pop(number)})
        if wanted and time.monotonic() > end:
            raise Failure(f"QEMU has no threads for CPUs {sorted(wanted)}")


def threads(process: int) -> dict[int, int]:
    """The thread of each virtual CPU."""
    found = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            match = VCPU.match((task / "comm").read_text())
        except OSError:
            continue  # it has just ended
        if match:
            found[int(match[1])] = int(task.name)
    return found


def steal() -> int:
    """What was taken from the host's CPUs so far, if it is a virtual machine itself."""
    return int(Path("/proc/stat").read_text().splitlines()[0].split()[STEAL_COLUMN])
