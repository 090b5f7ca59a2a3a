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
    scaling: bool = False  # throughput of all CPUs, not the cost of one operation
    place: str = ""  # whose place the program takes: that of init, or of the shell


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
    Case("fault_pager", "bench_memory", "page fault to its pager and back, with a page"),
    Case("fault_twice", "bench_memory", "the same, and before it a fault that is resumed without a page"),
    Case("fault_upcall", "bench_memory", "page fault to the env's own handler and back"),
    Case("page_alloc", "bench_memory", "page alloc, zeroed in the call"),
    Case("page_alloc_stock", "bench_memory", "page alloc, zeroed by an idle CPU"),
    Case("page_alloc_256", "bench_memory", "page alloc, zeroed, 256 in a call, each"),
    Case("page_map", "bench_memory", "page map"),
    Case("page_map_256", "bench_memory", "page map, 256 in a call, each"),
    Case("page_protect", "bench_memory", "page protect"),
    Case("page_protect_256", "bench_memory", "page protect, 256 in a call, each"),
    Case("page_unmap", "bench_memory", "page unmap"),
    Case("page_unmap_256", "bench_memory", "page unmap, 256 in a call, each"),
    Case("env_create", "bench_env", "env create, start, destroy, in one address space"),
    Case("env_create_space", "bench_env", "env create, start, destroy, each with its address space"),
    Case("wake_notify", "bench_env", "wake-up on an idle CPU by a notification", cpus=2),
    Case("wake_message", "bench_env", "wake-up on an idle CPU by a message", cpus=2),
    Case("fork", "bench_system", "fork, exit, wait, small parent", system=True),
    Case("fork_256", "bench_system", "fork, exit, wait, 256 written pages more", system=True),
    Case("fork_1024", "bench_system", "fork, exit, wait, 1,024 written pages more", system=True),
    Case("cow_copy", "bench_system", "copy-on-write fault, copied", system=True),
    Case("cow_last", "bench_system", "copy-on-write fault, last sharer", system=True),
    Case("demand_zero", "bench_system", "fault on a zeroed page", system=True),
    Case("boot_user", "bench_boot", "boot to the first user program", place="init"),
    Case("boot_shell", "bench_boot", "boot to the shell", system=True, place="sh"),
    Case("pairs_0", "bench_scale", "disjoint pairs, a call and its answer", scaling=True),
    Case("pairs_500", "bench_scale", "disjoint pairs, think time 500", scaling=True),
    Case("pairs_4000", "bench_scale", "disjoint pairs, think time 4,000", scaling=True),
    Case("pairs_32000", "bench_scale", "disjoint pairs, think time 32,000", scaling=True),
    Case("one_server", "bench_scale", "clients of one server", scaling=True),
    Case("server_per_cpu", "bench_scale", "clients of a server with an env per CPU", scaling=True),
    Case("server_attached", "bench_scale", "clients of a server whose envs share a mailbox", scaling=True),
    Case("zipf", "bench_scale", "clients with favourites among the servers", scaling=True),
    Case("faults", "bench_scale", "page faults in one address space", scaling=True),
    Case("maps", "bench_scale", "map and unmap, with shootdowns", scaling=True),
    Case("flood", "bench_scale", "four senders flood a receiver on their CPU", scaling=True),
    Case("flood_cross", "bench_scale", "four senders flood a receiver, across CPUs", scaling=True),
    Case("forks", "bench_forks", "parallel fork, exit, wait", system=True, scaling=True),
)


def find(name: str) -> Case:
    """The case of that name."""
    for case in CASES:
        if case.name == name:
            return case
    raise Failure(f"no case {name}; there is {', '.join(case.name for case in CASES)}")


def names(scaling: bool) -> list[str]:
    """The names of all primitives, or of all workloads for several CPUs."""
    return [case.name for case in CASES if case.scaling == scaling]
