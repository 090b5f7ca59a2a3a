"""Checks one SPIN model exhaustively: `run_model.py MODEL.pml`, TAP on standard output.

The comments of a model say what is to be checked, one line each:

    @holds NAME [-DSWITCH...]                   every execution keeps every assertion, none gets stuck
    @refutes NAME [-DSWITCH...] : VIOLATION     SPIN finds an execution that ends in this (a regular expression)
    @unreached REASON                           on the line of a statement that no @holds variant gets to

Any other word of this kind is an error, and so is a model that asks for nothing. The searches are complete: no hashing, no bound on depth or memory that is reached.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Set, Tuple

MEMORY_MIB = 1024
DEPTH = 1_000_000
SECONDS = 240
TRAIL_LINES = 120
LARGE = 4000  # lines of transitions
WORDS = {"holds", "refutes", "unreached"}

State = Tuple[int, int]  # process, number
Line = Tuple[str, int]  # file, number
States = Dict[Line, Set[State]]


@dataclass
class Variant:
    """One way to compile a model, and what the search must say."""

    name: str
    switches: list[str]
    violation: str  # empty: none


@dataclass
class Search:
    """What one search said."""

    output: str
    states: States
    unreached: States

    def violation(self) -> str:
        found = re.search(r"^pan:\s*\d+:\s*(.*)$", self.output, re.M)
        return found.group(1) if found else ""

    def is_complete(self) -> bool:
        truncated = ("max search depth too small", "Search not completed", "out of memory", "reached -DMEMLIM")
        return re.search(r"errors: \d+$", self.output, re.M) is not None and not any(
            text in self.output for text in truncated
        )

    def figure(self, what: str) -> float:
        found = re.search(rf"^\s*([\d.e+]+)\s+{what}", self.output, re.M)
        return float(found.group(1)) if found else 0.0


class ModelError(Exception):
    """A model that cannot be searched, or asks for what there is not."""


def read_texts(source: Path) -> str:
    """The model with what it includes."""
    text = source.read_text(encoding="utf-8")
    return text + "".join(read_texts(source.parent / name) for name in re.findall(r'^#include "(.*)"', text, re.M))


def read_variants(model: Path) -> list[Variant]:
    """What the comments of the model ask for."""
    variants = []
    text = read_texts(model)
    # One that follows a name is SPIN's own: process@label.
    if unknown := sorted(set(re.findall(r"(?<!\w)@(\w+)", text)) - WORDS):
        raise ModelError(f"nobody knows @{', @'.join(unknown)}")
    for kind, name, rest in re.findall(r"@(holds|refutes) (\S+)([^\n]*)", text):
        switches, _, violation = rest.replace("*/", "").partition(" : ")
        if (kind == "refutes") != bool(violation):
            raise ModelError(f"@{kind} {name}: a violation belongs to @refutes, and to nothing else")
        variants.append(Variant(name, switches.split(), violation.strip()))
    return variants


def run(command: list[str], where: Path) -> str:
    """The output of a command; it may fail, which its output then says."""
    try:
        done = subprocess.run(
            command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as slow:
        raise ModelError(f"{command[0]} has not ended after {SECONDS} s") from slow
    return done.stdout


def read_table(verifier: str, name: str) -> dict[int, list[int]]:
    """A table that the verifier has for each of its processes, with a number for each state."""
    tables = re.findall(rf"^\w+ {name}(\d+) \[\] = \{{([^}}]*)\}}", verifier, re.M)
    return {int(process): [int(number) for number in re.findall(r"\d+", body)] for process, body in tables}


def read_files(verifier: str) -> dict[int, list[str]]:
    """For each process the file that each of its states comes from: the table has ranges of states."""
    files: dict[int, list[str]] = {}
    for process, body in re.findall(r"^S_F_MAP src_file(\d+) \[\] = \{\n((?:\t\{.*\n)*)", verifier, re.M):
        names = files.setdefault(int(process), [])
        for name, first, last in re.findall(r'\{ "(.*)", (\d+), (\d+) \}', body):
            names += [Path(name).name] * (int(last) - int(first) + 1)
    return files


def read_states(verifier: str) -> States:
    """The states whose reaching is watched, which not every line has. An inline function has some in each place
    that it is called from."""
    states: States = {}
    merged = read_table(verifier, "reached")
    files = read_files(verifier)
    for process, lines in read_table(verifier, "src_ln").items():
        for number, line in enumerate(zip(files[process], lines)):
            watched = states.setdefault(line, set())
            if merged[process][number] == 0:
                watched.add((process, number))
    return states


def read_unreached(output: str) -> States:
    """The end of a process that never ends is no statement."""
    states: States = {}
    for process, listing in enumerate(re.findall(r"^unreached in .*\n((?:\t.*\n)*)", output, re.M)):
        for name, line, number, text in re.findall(r'^\t(\S+):(\d+), state (\d+), "(.*)"$', listing, re.M):
            if text != "-end-":
                states.setdefault((Path(name).name, int(line)), set()).add((process, int(number)))
    return states


def search(model: Path, variant: Variant, where: Path) -> Search:
    """Generates, compiles and runs the verifier of one variant."""
    generated = run(["spin", "-a", *variant.switches, str(model)], where)
    if not (where / "pan.c").exists():
        raise ModelError(generated)
    # Optimising a large model takes longer than its search, and the search for a mistake is short.
    large = len((where / "pan.m").read_text(encoding="utf-8").splitlines()) > LARGE
    optimize = "-O0" if large or variant.violation else "-O1"
    compiled = run(["clang", optimize, "-w", "-DSAFETY", f"-DMEMLIM={MEMORY_MIB}", "-o", "pan", "pan.c"], where)
    if not (where / "pan").exists():
        raise ModelError(compiled)
    output = run(["./pan", f"-m{DEPTH}", "-w22"], where)
    verifier = (where / "pan.c").read_text(encoding="utf-8", errors="replace")
    return Search(output, read_states(verifier), read_unreached(output))


def trail(model: Path, variant: Variant, where: Path) -> str:
    """The end of the execution that the verifier found."""
    shown = run(["spin", "-k", f"{model.name}.trail", "-t", "-p", *variant.switches, str(model)], where)
    return "\n".join(shown.splitlines()[-TRAIL_LINES:])


def complaint(model: Path, variant: Variant, result: Search, where: Path) -> str:
    """Why the variant fails; empty when it passes."""
    found = result.violation()
    if variant.violation:
        if found and re.search(variant.violation, found):
            return ""
        return f"refuted by: {found or 'nothing'}; expected: {variant.violation}\n{result.output}"
    if found and "max search depth" not in found:
        return f"{found}\n{trail(model, variant, where)}"
    if not result.is_complete() or not re.search(r"errors: 0$", result.output, re.M):
        return f"the search is not complete:\n{result.output}"
    return ""


def unexplained(model: Path, results: list[Search]) -> list[str]:
    """Lines that no complete search got to and that do not say why, and those that say so and are reached."""
    wrong = []
    for source in sorted({name for result in results for name, _ in result.states} - {"-"}):
        for number, text in enumerate((model.parent / source).read_text(encoding="utf-8").splitlines(), 1):
            line = (source, number)
            having = [result for result in results if line in result.states]
            if not having:
                continue
            dead = all(set() < result.states[line] <= result.unreached.get(line, set()) for result in having)
            if dead != ("@unreached" in text):
                wrong.append(f"{source}:{number}: {'never' if dead else 'is'} reached: {text.strip()}")
    return wrong


class Report:
    """TAP lines; failures also on standard error, which is what `meson test` shows."""

    def __init__(self) -> None:
        self.count = 0
        self.failed = False

    def add(self, name: str, failure: str, note: str = "") -> None:
        self.count += 1
        print(f"{'not ok' if failure else 'ok'} {self.count} - {name}{note}", flush=True)
        if failure:
            self.failed = True
            print(f"{name}: {failure}", file=sys.stderr)

    def end(self) -> int:
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def check_variant(model: Path, variant: Variant, report: Report) -> Search | None:
    """Reports what the search says; None when there is none."""
    name = f"{model.stem}_{variant.name}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = search(model, variant, Path(folder))
            failure = complaint(model, variant, result, Path(folder))
        except ModelError as error:
            report.add(name, str(error))
            return None
    note = f": {result.figure('states, stored'):.0f} states, {result.figure('total actual memory'):.0f} MiB"
    report.add(name, failure, note)
    return result


def chosen(variants: list[Variant], kind: str | None, only: str | None) -> list[Variant]:
    """Those that the options leave, at least one."""
    left = [
        variant
        for variant in variants
        if kind in (None, "refutes" if variant.violation else "holds") and only in (None, variant.name)
    ]
    if not left:
        raise ModelError("there is no such variant")
    return left


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks one SPIN model.")
    parser.add_argument("model", type=Path)
    parser.add_argument("--kind", choices=("holds", "refutes"), help="only such variants")
    parser.add_argument("--only", help="one variant")
    arguments = parser.parse_args()
    model = arguments.model.resolve()
    report = Report()
    try:
        variants = chosen(read_variants(model), arguments.kind, arguments.only)
    except ModelError as error:
        report.add(f"{model.stem}_variants", str(error))
        return report.end()
    results = [(variant, check_variant(model, variant, report)) for variant in variants]
    complete = [result for variant, result in results if result is not None and not variant.violation]
    if arguments.only is None and complete and all(result is not None for _, result in results):
        report.add(f"{model.stem}_every_line_is_reached", "\n".join(unexplained(model, complete)))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
