"""Tests of grain report and compare: the law that is fitted, tables, the page."""

from __future__ import annotations

import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.dont_write_bytecode = True

from grainlib import cmd_report, plots, report, usl  # noqa: E402
from grainlib.cmd_compare import differences  # noqa: E402
from grainlib.failure import Failure  # noqa: E402
from grainlib.report import Plot, Table  # noqa: E402
from sample_results import CPUS, all_kinds, locks, primitive, workload  # noqa: E402
from tap_runner import run_tests  # noqa: E402

try:
    plots.need_matplotlib(sys.argv)
    HAVE_MATPLOTLIB = True
except Failure:
    HAVE_MATPLOTLIB = False


def law(cpus: int, sigma: float, kappa: float) -> float:
    """Throughput by the universal scalability law, 1,000 on one CPU."""
    return 1000 * cpus / (1 + sigma * (cpus - 1) + kappa * cpus * (cpus - 1))


class Law(unittest.TestCase):
    """The universal scalability law."""

    def test_what_it_was_made_from_is_found_again(self) -> None:
        fit = usl.fit(CPUS, [law(cpus, 0.05, 0.002) for cpus in CPUS])
        assert fit is not None
        self.assertAlmostEqual(fit.rate, 1000, 3)
        self.assertAlmostEqual(fit.sigma, 0.05, 6)
        self.assertAlmostEqual(fit.kappa, 0.002, 6)
        self.assertAlmostEqual(fit.at(3), law(3, 0.05, 0.002), 3)

    def test_intervals_hold_the_truth_of_noisy_points(self) -> None:
        cpus = list(range(1, 9))
        noise = (1.01, 0.99, 1.005, 0.995, 1.0, 1.01, 0.99, 1.0)
        fit = usl.fit(cpus, [law(n, 0.1, 0.01) * factor for n, factor in zip(cpus, noise)])
        assert fit is not None
        self.assertLess(abs(fit.sigma - 0.1), fit.sigma_half)
        self.assertLess(abs(fit.kappa - 0.01), fit.kappa_half)
        self.assertLess(fit.sigma_half, 0.05)

    def test_better_than_linear_is_the_bound(self) -> None:
        fit = usl.fit(CPUS, [1000, 2050, 4200, 8800])
        assert fit is not None
        self.assertEqual((fit.sigma, fit.kappa), (0, 0))

    def test_two_points_are_too_few(self) -> None:
        self.assertIsNone(usl.fit([1, 2], [1, 2]))

    def test_where_two_do_less_than_one_there_is_no_law(self) -> None:
        self.assertIsNone(usl.fit(CPUS, [5000, 2200, 2100, 1900]))
        self.assertIsNotNone(usl.fit(CPUS, [5000, 5000, 2100, 1900]))
        self.assertIsNotNone(usl.fit((2, 4, 8), [2200, 2100, 1900]))
        self.assertEqual(report.law_cells(None), ["-", "-"])

    def test_without_a_spare_point_there_is_no_interval(self) -> None:
        fit = usl.fit([1, 2, 4], [law(n, 0.1, 0.01) for n in (1, 2, 4)])
        assert fit is not None
        self.assertIn("no interval", report.law_cells(fit)[0])


class Compare(unittest.TestCase):
    """Two sets of results."""

    def test_slower_first_and_by_how_much(self) -> None:
        before = [primitive("ipc", [200]), primitive("null", [50]), primitive("notify", [900])]
        after = [primitive("ipc", [250]), primitive("null", [40]), primitive("notify", [900])]
        lines = differences(before, after)
        self.assertRegex(lines[0], r"25\.0% slower +IPC round trip.*: 200 instructions -> 250 instructions")
        self.assertRegex(lines[1], r"25\.0% faster +null system call.*: 50 instructions -> 40 instructions")
        self.assertIn("1 of 3 are the same", lines[2])

    def test_throughput_is_better_when_higher(self) -> None:
        lines = differences([workload("pairs_0", 2, 4000)], [workload("pairs_0", 2, 8000)])
        self.assertIn("100.0% faster", lines[0])

    def test_other_engines_and_kernels_are_not_compared(self) -> None:
        with self.assertRaisesRegex(Failure, "nothing in common"):
            differences([primitive("ipc", [200])], [primitive("ipc", [200], "big")])

    def test_a_side_with_two_of_one_name_is_refused(self) -> None:
        once, other_commit, other_options = (primitive("ipc", [ticks]) for ticks in (200, 210, 220))
        other_commit.header["commit"] = "another"
        other_options.header["options"]["max_cpus"] = 8
        for other in (other_commit, other_options):
            with self.assertRaisesRegex(Failure, "two results of icount, 1, object/ticket, off, ipc"):
                differences([once], [once, other])
        self.assertIn("1 of 1 are the same", differences([once], [once, primitive("ipc", [200])])[0])


class Mixed(unittest.TestCase):
    """Results that do not belong together."""

    def test_a_report_is_of_one_commit(self) -> None:
        other = primitive("null", [40])
        other.header["commit"] = "fedcba987654"
        with self.assertRaisesRegex(Failure, "more than one commit, 0123456789ab and fedcba987654"):
            report.sections_of([primitive("ipc", [200]), other])

    def test_kernels_that_differ_have_names_that_differ(self) -> None:
        names = set()
        choices = ({}, {"lock_padding": True}, {"lock_algorithm_overrides": "env:mcs"}, {"asserts": True}, {"fastpath": False},
                   {"kind": "coverage"})
        for options in choices:
            result = primitive("ipc", [200])
            result.header["options"].update(options)
            names.add(result.kernel)
        self.assertEqual(len(names), len(choices), names)
        self.assertIn("object/ticket, padded", names)
        self.assertIn("object/ticket, env:mcs", names)
        self.assertIn("object/ticket, debug", names)


class Tables(unittest.TestCase):
    """What is in the tables."""

    def test_beside_the_field(self) -> None:
        (table,) = report.field_parts([result for result in all_kinds() if "ticks" in result.values])
        assert isinstance(table, Table)
        rows = {row[0]: row for row in table.rows}
        self.assertEqual(table.head[1:3], ["object/ticket", "big/ticket"])
        self.assertEqual(rows["IPC round trip, registers"][1:5], ["171", "194", "250", "150"])
        self.assertEqual(rows["fork, each written page more"][1], "100")
        self.assertEqual(rows["yield between two, each switch"][1], "150")
        self.assertEqual(rows["the same across two CPUs, both summed"][1:3], ["1,600", "-"])

    def test_longest_ways_first_and_of_all_boots(self) -> None:
        section = report.ways_section(all_kinds())
        assert section is not None and isinstance(section.parts[0], Table)
        self.assertEqual(section.parts[0].rows, [["ipc", "900", "5,000"], ["page_unmap", "4,000", "-"]])

    def test_algorithms_have_plots_of_their_own(self) -> None:
        curves = [plots.Curve(name, [1], [1.0]) for name in ("object/ticket", "object/mcs", "big/ticket")]
        found = [(name, [curve.name for curve in some]) for name, some in report.families(curves)]
        self.assertEqual(
            found, [("", ["object/ticket", "big/ticket"]), ("-object", ["object/ticket", "object/mcs"])]
        )

    def test_kernels_have_an_order(self) -> None:
        names = ["object/ticket", "object/ticket, debug", "object/mcs", "subsystem/ticket", "big/ticket, padded"]
        self.assertEqual(sorted(reversed(names), key=report.kernel_order), names)

    def test_wait_share_is_of_all_cpus_time(self) -> None:
        (total,) = report.totals([locks("pairs_0", 4)])
        self.assertAlmostEqual(total.values["share"], 0.02)

    def test_waiting_is_said_by_the_lightest_statistics(self) -> None:
        full, light = locks("pairs_0", 4), locks("pairs_0", 4, lockstat="contended")
        light.values["wait_ticks"] = 40000
        big = locks("pairs_0", 4, "big")
        self.assertEqual(report.waiting([full, light, big]), [light, big])
        rates = {("object/ticket", "full", 4): 123.0, ("object/ticket", "contended", 4): 456.0}
        wait, hold = report.lock_tables([full, light], rates)
        assert isinstance(wait, Table) and isinstance(hold, Table)
        self.assertEqual(wait.head[0], "waiting for locks, 4 CPUs, lockstat contended")
        self.assertEqual(wait.rows, [["object/ticket: env", "456", "5,000", "40", "1.0 %"]])
        self.assertEqual(hold.head[0], "holding locks, 4 CPUs, lockstat full")
        self.assertEqual(hold.rows, [["object/ticket: env", "123", "5,000", "20", "2.2 %", "99"]])

    def test_provenance_names_what_differs(self) -> None:
        text = report.provenance([primitive("ipc", [1]), primitive("ipc", [1], "big")])
        for words in ("0123456789ab", "Emulator 1.0", "a host", "lock_granularity big/object", "fastpath true"):
            self.assertIn(words, text)

    def test_ids_of_a_plot_are_its_own(self) -> None:
        svg = '<g id="a"><use xlink:href="#a" clip-path="url(#a)"/></g>'
        self.assertEqual(
            cmd_report.own_ids(svg, "p"), '<g id="p-a"><use xlink:href="#p-a" clip-path="url(#p-a)"/></g>'
        )


class Ids(HTMLParser):
    """The ids of a page, and how many plots and tables it has."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]


@unittest.skipUnless(HAVE_MATPLOTLIB, "no matplotlib")
class Page(unittest.TestCase):
    """The HTML page."""

    def setUp(self) -> None:
        self.sections = report.sections_of(all_kinds())
        self.page = cmd_report.page(self.sections)

    def test_every_plot_and_table_is_there(self) -> None:
        parts = [part for section in self.sections for part in section.parts]
        names = [part.name for part in parts if isinstance(part, Plot)]
        parser = Ids()
        parser.feed(self.page)
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(parser.tags.count("svg"), len(names))
        self.assertEqual(parser.tags.count("table"), sum(isinstance(part, Table) for part in parts))
        for kind in ("", "-fairness", "-wait", "-hold"):
            self.assertIn(f"pairs_0-bochs{kind}", names)

    def test_ids_are_unique_and_nothing_is_loaded(self) -> None:
        parser = Ids()
        parser.feed(self.page)
        self.assertEqual(len(set(parser.ids)), len(parser.ids))
        self.assertEqual(re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", self.page), [])

    def test_plots_are_xml_and_the_same_again(self) -> None:
        again = report.sections_of(all_kinds())
        for old, new in zip(self.sections, again):
            for part, other in zip(old.parts, new.parts):
                if isinstance(part, Plot) and isinstance(other, Plot):
                    ElementTree.fromstring(part.svg)
                    self.assertEqual(part.svg, other.svg)

    def test_no_cycles_where_there_are_none(self) -> None:
        self.assertNotIn("cycle", re.sub(r"<style.*?</style>", "", self.page, flags=re.S).lower())


if __name__ == "__main__":
    run_tests()
