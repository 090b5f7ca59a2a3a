"""The compiler's counters in a kernel image, and from their values to lines.

The image has a record for each function (which counters, and the hash of its name) and the names; a guest writes the
counters' values alone (kernel/coverage/coverage.c). From both comes a profile in LLVM's text format, which is the same in
all releases, and of that its tools make counts of lines.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grainlib.build import Build
from grainlib.failure import Failure

SECTION_HEADER = struct.Struct("<10I")
COUNTER_BYTES = 8


@dataclass(frozen=True)
class Function:
    """A function's record: its counters are values[first : first + count]."""

    name: str
    hash: int
    first: int
    count: int


def read_sections(image: bytes) -> dict[str, tuple[int, bytes]]:
    """Address and content of each section of a little-endian ELF32 image."""
    table, count, names_index = *struct.unpack_from("<I", image, 32), *struct.unpack_from("<HH", image, 48)
    headers = [SECTION_HEADER.unpack_from(image, table + i * SECTION_HEADER.size) for i in range(count)]
    names = headers[names_index][4]
    found = {}
    for name, _, _, addr, offset, size, *_ in headers:
        start = names + name
        found[image[start : image.index(b"\0", start)].decode()] = (addr, image[offset : offset + size])
    return found


def read_functions(kernel: Path, release: int) -> list[Function]:
    """All records of an image that this release of LLVM has made."""
    sections = read_sections(kernel.read_bytes())
    if "__llvm_prf_data" not in sections:
        raise Failure(f"{kernel} counts nothing: it is no kernel of the kind `coverage`")
    counters = sections["__llvm_prf_cnts"][0]
    base, records = sections["__llvm_prf_data"]
    names = {name_hash(name): name for name in read_names(sections["__llvm_prf_names"][1])}
    # From 18 on a record has a word more in front of the number of counters. The address is relative to the record.
    size, at = (48, 32) if release >= 18 else (40, 28)
    functions = []
    for start in range(0, len(records) - at, size):
        key, shape, relative = struct.unpack_from("<QQI", records, start)
        (count,) = struct.unpack_from("<I", records, start + at)
        first = ((base + start + relative - counters) & 0xFFFFFFFF) // COUNTER_BYTES
        functions.append(Function(names[key], shape, first, count))
    return functions


def read_names(section: bytes) -> Iterator[str]:
    """The names of one object file after the other: length, 0 for not compressed, names with 1 between them."""
    at = 0
    while at < len(section):
        length, at = read_uleb128(section, at)
        packed, at = read_uleb128(section, at)
        if packed:
            raise Failure("the image's names are compressed")
        yield from section[at : at + length].decode().split("\x01")
        at += length
        while at < len(section) and section[at] == 0:
            at += 1


def read_uleb128(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def name_hash(name: str) -> int:
    """What a record has in place of the name."""
    return int.from_bytes(hashlib.md5(name.encode(), usedforsecurity=False).digest()[:8], "little")


def read_values(text: str) -> list[int] | None:
    """The counters that a guest wrote, None if it did not come to its end."""
    match = re.search(r"^coverage ([0-9a-f]+) ((?:[0-9a-f]+ )*)$", text, re.M)
    values = [int(word, 16) for word in match[2].split()] if match else []
    return values if match and len(values) == int(match[1], 16) else None


def release_of(build: Build) -> int:
    """The LLVM release that the build's compiler is of."""
    match = re.search(r"clang (\d+)", build.facts["compiler"])
    if not match:
        raise Failure(f"no LLVM release in {build.facts['compiler']}")
    return int(match[1])


def count_lines(build: Build, kernel: Path, values: list[int], folder: Path) -> dict[Path, dict[int, int]]:
    """How often each line that has code was reached, by file."""
    release = release_of(build)
    text = folder / "kernel.proftext"
    profile = folder / "kernel.profdata"
    with text.open("w") as out:
        for function in read_functions(kernel, release):
            counts = values[function.first : function.first + function.count]
            out.write("\n".join([function.name, str(function.hash), str(function.count), *map(str, counts), "", ""]))
    call(release, "llvm-profdata", ["merge", str(text), "-o", str(profile)])
    lines: dict[Path, dict[int, int]] = {}
    current: dict[int, int] = {}
    for line in call(release, "llvm-cov", ["export", "--format=lcov", f"--instr-profile={profile}", str(kernel)]).splitlines():
        if line.startswith("SF:"):
            current = lines.setdefault((build.path / line[3:]).resolve(), {})
        elif line.startswith("DA:"):
            number, count = map(int, line[3:].split(",")[:2])
            current[number] = max(count, current.get(number, 0))
    return lines


def call(release: int, tool: str, arguments: list[str]) -> str:
    """What a tool of the compiler's release prints."""
    program = next((path for name in (f"{tool}-{release}", tool) if (path := shutil.which(name))), None)
    if program is None:
        raise Failure(f"no {tool} of release {release}: install llvm-{release}")
    result = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise Failure(f"{tool}: {result.stderr.strip()}")
    return result.stdout
