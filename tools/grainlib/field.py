"""Where other systems stand, and what Grain is to reach: instructions, measured with `icount` on one machine, one CPU,
between two address spaces, user stubs included in a round trip.

JOS: lab 4, three trees, least and most. xv6: the x86 version. seL4: ia32, built for one CPU, and for several (SMP).
Pistachio: L4Ka::Pistachio ia32, its assembler path, and its C path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grainlib.results import Result
from grainlib.table import per_operation

SYSTEMS = ("JOS", "xv6", "seL4 / SMP", "Pistachio asm / C")


@dataclass(frozen=True)
class Row:
    """One operation: the cases it is made from, the field in the order of SYSTEMS, what to reach, and the goal."""

    text: str
    case: str
    field: tuple[str, str, str, str]
    reach: int | None
    goal: int | None
    cpus: int = 1
    minus: str = ""  # this case is subtracted,
    over: int = 1  # and the difference is that of so many
    slow: bool = False  # with the IPC fast path off

    def figure(self, found: Mapping[tuple[str, int], Result]) -> float | None:
        """Grain's figure, from results by case and CPUs; None if it was not measured."""
        result = found.get((self.case, self.cpus))
        if result is None:
            return None
        if not self.minus:
            return per_operation(result)
        other = found.get((self.minus, self.cpus))
        return (per_operation(result) - per_operation(other)) / self.over if other is not None else None


ROWS = (
    Row("null system call", "null", ("403 to 464", "1,397", "105 / -", "-"), 100, 50),
    Row("yield between two, each switch", "yield_two", ("4,000 to 14,800", "-", "331 / 551", "-"), 300, 150),
    Row("IPC round trip, registers", "ipc", ("9,232 to 30,864", "27,413 (pipe)", "434 / 726", "200 / 464"), 250, 150),
    Row("the same with the fast path off", "ipc", ("-", "-", "1,685 / -", "- / 464"), 700, 460, slow=True),
    Row("the same across two CPUs, both summed", "ipc_cross", ("-", "-", "- / 3,652", "-"), 3000, 1500, cpus=2),
    Row("IPC round trip, 10 words", "ipc_10", ("-", "-", "1,869 / 2,252", "about 235"), 350, 210),
    Row("IPC round trip, a page each way", "ipc_page", ("9,794 to 31,461", "-", "-", "-"), 1000, 600),
    Row("notification round trip", "notify", ("-", "-", "2,352 / 3,206", "-"), 900, 500),
    Row(
        "fault to handler and back",
        "fault_twice",
        ("-", "-", "1,557 / 1,955", "-"),
        900,
        500,
        minus="fault_pager",
    ),
    Row("copy-on-write fault, copied", "cow_copy", ("4,579 to 18,412", "-", "-", "-"), 3000, 2000),
    Row("copy-on-write fault, last sharer", "cow_last", ("4,592 to 18,461", "-", "-", "-"), 1500, 900),
    Row("fork, exit, wait, small parent", "fork", ("67,467 to 9,933,078", "1,988,310", "-", "-"), 40000, 15000),
    Row(
        "fork, each written page more",
        "fork_1024",
        ("about 1,200", "-", "1,650", "-"),
        100,
        40,
        minus="fork_256",
        over=1024 - 256,
    ),
    Row(
        "env create, start, destroy",
        "env_create",
        ("11,882 to 20,189", "-", "11,000 / 12,500", "-"),
        6000,
        3000,
    ),
    Row("page alloc, zeroed in the call", "page_alloc", ("1,747 to 1,819", "-", "1,930", "-"), 1500, None),
    Row("page alloc, zeroed by an idle CPU", "page_alloc_stock", ("-", "-", "-", "-"), None, 400),
    Row("page map, in a batch, each", "page_map_256", ("625 to 819", "-", "820", "-"), 80, 30),
)
