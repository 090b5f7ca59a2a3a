"""grain format, lint, lint-locks: the checks that need no boot.

lint runs three: `format` (clang-format would change nothing), `tidy` (clang-tidy has nothing to say) and `locks`
(Clang's thread-safety analysis, with its newest release here, because older ones do not know guarded fields).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grainlib.build import SOURCE_DIR, Build
from grainlib.failure import Failure
from grainlib.sources import FOLDERS, Compilation, c_files, compilations, is_for_host, is_kernel
from grainlib.tap import Tap

# Other releases of these two format differently and have other opinions.
LLVM_RELEASE = "14"

# Releases whose analysis knows fields guarded by a sibling, newest first, and what switches that on.
FIRST_FIELD_RELEASE = 22
FIELD_CLANGS = [f"clang-{version}" for version in range(30, FIRST_FIELD_RELEASE - 1, -1)]
FIELD_OPTIONS = ["-fexperimental-late-parse-attributes", "-DGRAIN_TSA_FIELDS=1"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    parser = commands.add_parser("format", help="format the C sources in place")
    parser.add_argument("--build", help=argparse.SUPPRESS)
    parser.set_defaults(command=format_all)
    parser = commands.add_parser("lint", help="check format, clang-tidy and lock annotations")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.add_argument("--tap", action="store_true", help="results as TAP; a check whose tool is missing is skipped")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"of {', '.join(CHECKS)} (default: all)")
    parser.set_defaults(command=lint)
    parser = commands.add_parser("lint-locks", help="check lock annotations")
    parser.add_argument("--build", metavar="DIR", help="build directory (default: build)")
    parser.set_defaults(command=lint, tap=False, checks=["locks"])


def format_all(_args: argparse.Namespace) -> int:
    """Rewrite what is not formatted."""
    return subprocess.run([pinned("clang-format"), "-i", *map(str, c_files())], check=False).returncode


def lint(args: argparse.Namespace) -> int:
    """Run the checks asked for; exit status 0 when none found anything."""
    unknown = [name for name in args.checks if name not in CHECKS]
    if unknown:
        raise Failure(f"no check {unknown[0]}; there is {', '.join(CHECKS)}")
    build = Build.find(args.build)
    tap = Tap.on_stdout()
    for name in args.checks or CHECKS:
        try:
            complaints = CHECKS[name](build)
        except Failure as missing:
            if not args.tap:
                raise
            tap.skip(f"lint.{name}", str(missing))
            continue
        tap.result(not complaints, f"lint.{name}", complaints)
    tap.finish()
    return 1 if tap.failures else 0


def check_format(_build: Build) -> list[str]:
    """What clang-format would change."""
    tool = pinned("clang-format")
    return run_all([[tool, "--dry-run", "-Werror", str(file)] for file in c_files()])


def check_tidy(build: Build) -> list[str]:
    """What clang-tidy finds in files of the cross build; it reads a database with one entry a file. It is slow: a file
    that it found nothing in is left out until the file, a header or the way it is compiled changes."""
    tool = pinned("clang-tidy")
    wanted = [compilation for compilation in compilations(build) if not is_for_host(compilation)]
    database = build.file("lint", "compile_commands.json")
    entries = [{"file": str(c.file), "directory": c.directory, "command": c.command} for c in wanted]
    database.write_text(json.dumps(entries, indent=1))
    record = build.file("lint", "tidy-clean.txt")
    clean = set(record.read_text().split()) if record.exists() else set()
    keys = inputs_of(wanted, tool)
    dirty = [c for c in wanted if keys[c] not in clean]
    found = run_each([[tool, "--quiet", "-p", str(database.parent), str(c.file)] for c in dirty])
    clean = set(keys.values()) - {keys[c] for c, lines in zip(dirty, found) if lines}
    record.write_text("\n".join(sorted(clean)))
    return unique_findings(line for lines in found for line in lines)


def inputs_of(wanted: Iterable[Compilation], tool: str) -> dict[Compilation, str]:
    """A digest of all that a finding in a file depends on: the tool and what it is told, every header, the file."""
    common = hashlib.sha256(subprocess.run([tool, "--version"], check=False, capture_output=True).stdout)
    for path in [SOURCE_DIR / ".clang-tidy", *(path for path in c_files() if path.suffix == ".h")]:
        common.update(path.read_bytes())
    keys = {}
    for compilation in wanted:
        digest = common.copy()
        digest.update(compilation.command.encode() + compilation.file.read_bytes())
        keys[compilation] = digest.hexdigest()
    return keys


def check_locks(build: Build) -> list[str]:
    """What the thread-safety analysis finds in the kernel."""
    clang = field_clang()
    return run_all(
        [analysis_command(c, clang) for c in compilations(build) if is_kernel(c)], directory=build.path
    )


def field_clang() -> str:
    """The newest compiler that checks guarded fields. An older one would check no field and find nothing."""
    names = [*FIELD_CLANGS, "clang"]
    found = next((name for name in names if shutil.which(name) and release_of(name) >= FIRST_FIELD_RELEASE), None)
    if found is None:
        raise Failure(f"no clang from release {FIRST_FIELD_RELEASE} on, which knows guarded fields: install {FIELD_CLANGS[-1]}")
    return found


def release_of(compiler: str) -> int:
    """The first number of a compiler's version."""
    result = subprocess.run([compiler, "-dumpversion"], check=False, capture_output=True, text=True)
    match = re.match(r"\d+", result.stdout)
    return int(match[0]) if match else 0


def analysis_command(compilation: Compilation, clang: str) -> list[str]:
    """The build's compile command, turned into an analysis that writes no file and warns of locks alone."""
    words = [clang, *shlex.split(compilation.command)[1:], *FIELD_OPTIONS]
    for option in ("-o", "-MQ", "-MF"):
        if option in words:
            at = words.index(option)
            del words[at : at + 2]
    words = [word for word in words if word not in ("-MD", "-c") and not word.startswith("-W")]
    return [*words, "-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"]


CHECKS: dict[str, Callable[[Build], list[str]]] = {
    "format": check_format,
    "tidy": check_tidy,
    "locks": check_locks,
}


def pinned(program: str) -> str:
    """The command of the release we agree with."""
    name = f"{program}-{LLVM_RELEASE}"
    if shutil.which(name) is None:
        raise Failure(f"no {name}: install {name}")
    return name


def run_all(commands: Iterable[list[str]], directory: Path | None = None) -> list[str]:
    """Run commands on all host CPUs; the output lines of those that fail."""
    return unique_findings(line for lines in run_each(commands, directory) for line in lines)


def run_each(commands: Iterable[list[str]], directory: Path | None = None) -> list[list[str]]:
    """The same, for each command: no lines if it succeeds."""

    def run(command: list[str]) -> list[str]:
        result = subprocess.run(
            command, check=False, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if result.returncode == 0:
            return []
        return shorten(result.stdout).splitlines() or [f"{command[0]}: exit status {result.returncode}"]

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        try:
            return list(pool.map(run, commands))
        except BaseException:  # Ctrl-C above all: what has not begun is not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def shorten(text: str) -> str:
    """Compiler output with the paths of our files relative to the tree."""
    text = re.sub(rf"\S*{re.escape(str(SOURCE_DIR))}/", "", text)
    return re.sub(rf"^\S*\.\./(?=(?:{'|'.join(FOLDERS)})/)", "", text, flags=re.MULTILINE)


def unique_findings(lines: Iterable[str]) -> list[str]:
    """Findings, each a headline and what stands below it; one in a header is found by all who include it."""
    findings: list[list[str]] = []
    for line in lines:
        if re.fullmatch(r"\d+ (?:warning|error).* generated\.", line):
            continue
        if not findings or re.match(r"\S+: (?:error|warning): ", line):
            findings.append([])
        findings[-1].append(line)
    return [line for finding in dict.fromkeys(map(tuple, findings)) for line in finding]
