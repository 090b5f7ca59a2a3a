"""grain report: results as one page of HTML with its plots, or as the figures of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import html
import re
import sys
from pathlib import Path

from grainlib import plots, report, results
from grainlib.build import SOURCE_DIR, display_path
from grainlib.failure import Failure
from grainlib.report import Plot, Section, Table

DOCS_PAGE = SOURCE_DIR / "docs" / "benchmarks.md"
DOCS_PLOTS = SOURCE_DIR / "docs" / "plots"
DOCS_BEGIN = "<!-- figures: written by `tools/grain report --docs` -->"
DOCS_END = "<!-- end of the figures -->"

CAVEATS = (
    "icount counts guest instructions, exactly: an atomic operation, a load of CR3 and a device access count one each.",
    "On bochs a tick is one instruction on every CPU at once: no caches, and moving a line between CPUs costs nothing.",
    "On mttcg ticks are the host's time: what compares is the ratio of two figures of one run.",
    "On kvm ticks are those of the host's TSC: real time, whatever a core's clock does meanwhile.",
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #222; background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
.table { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.85rem; margin: 1rem 0; }
th, td { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 11rem; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
figcaption, .from { font-size: 0.75rem; color: #555; overflow-wrap: anywhere; }
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="results as one HTML page with plots")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help="files or folders of `grain bench`")
    parser.add_argument("--output", type=Path, default=Path("report.html"), metavar="FILE", help="(%(default)s)")
    parser.add_argument("--docs", action="store_true", help=f"write the figures of {display_path(DOCS_PAGE)} instead")
    parser.set_defaults(command=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or a Failure."""
    found = results.read(args.results)
    if not found:
        raise Failure("no results in these files")
    plots.need_matplotlib(sys.argv)
    sections = report.sections_of(found)
    if args.docs:
        write_docs(sections)
    else:
        args.output.write_text(page(sections))
        print(f"{sum(len(section.parts) for section in sections)} tables and plots in {args.output}")
    return 0


# ---- HTML. ----


def page(sections: list[Section]) -> str:
    """The self-contained page."""
    body = "\n".join(section_html(section) for section in sections)
    caveats = "".join(f"<li>{html.escape(text)}</li>" for text in CAVEATS)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Grain, measured</title>\n<style>{STYLE}</style></head>\n"
        f"<body><h1>Grain, measured</h1>\n<ul>{caveats}</ul>\n{body}\n</body></html>\n"
    )


def section_html(section: Section) -> str:
    """A heading and its parts."""
    return f"<h2>{html.escape(section.title)}</h2>\n" + "\n".join(part_html(part) for part in section.parts)


def part_html(part: str | Table | Plot) -> str:
    """A paragraph, a table or a plot."""
    if isinstance(part, Plot):
        svg = own_ids(part.svg, part.name)
        return f'<figure id="{part.name}">{svg}<figcaption>{html.escape(part.caption)}</figcaption></figure>'
    if isinstance(part, Table):
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in part.head)
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in part.rows)
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'
    return f'<p class="from">{html.escape(part)}</p>'


def own_ids(svg: str, prefix: str) -> str:
    """Ids that are one plot's alone, when several are on one page."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', svg)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", svg)


# ---- docs/. ----


def write_docs(sections: list[Section]) -> None:
    """The part of docs/benchmarks.md between the marks, and the plots that it shows."""
    text = DOCS_PAGE.read_text()
    before, begin, rest = text.partition(DOCS_BEGIN)
    _, end, after = rest.partition(DOCS_END)
    if not begin or not end:
        raise Failure(f"{display_path(DOCS_PAGE)} has lost the marks of its figures")
    DOCS_PLOTS.mkdir(exist_ok=True)
    for old in DOCS_PLOTS.glob("bench-*.svg"):
        old.unlink()
    body = "\n\n".join(section_markdown(section) for section in sections)
    DOCS_PAGE.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}")
    print(f"{display_path(DOCS_PAGE)} and {display_path(DOCS_PLOTS)} are written")


def section_markdown(section: Section) -> str:
    """A heading and its parts; plots go to files of their own."""
    parts = [f"## {section.title}"]
    shown = [part for part in section.parts if not (isinstance(part, Plot) and part.minor)]
    for part in shown:
        if isinstance(part, Plot):
            name = f"bench-{part.name}.svg"
            (DOCS_PLOTS / name).write_text(part.svg)
            parts.append(f"![{section.title}](plots/{name})")
        elif isinstance(part, Table):
            rows = [part.head, ["---"] + ["---:"] * (len(part.head) - 1), *part.rows]
            parts.append("\n".join("| " + " | ".join(row) + " |" for row in rows))
        else:
            parts.append(part)
    captions = dict.fromkeys(part.caption for part in shown if isinstance(part, Plot))
    return "\n\n".join([*parts, *captions])
