#!/usr/bin/env python3
"""The kernel's own symbol table, for backtraces: written as assembly from a linked image, and checked.

    ksyms.py --empty OUT.S            the table for the first link
    ksyms.py IMAGE OUT.S              the table of IMAGE's functions
    ksyms.py --check A B [--copy C]   fail unless every function has one address in A and B; then copy B to C

The table lies in section .ksyms, which the linker script puts behind everything that holds code, so the second link
moves no function. Its symbols: ksyms_count (u32), ksyms_addr[] (u32, rising), ksyms_name_off[] (u32, into
ksyms_names), ksyms_names (NUL-terminated strings).
"""

from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path
from typing import NamedTuple

SHT_SYMTAB = 2
SHF_EXECINSTR = 4
STT_NOTYPE = 0
STT_FUNC = 2
SECTION_HEADER = struct.Struct("<10I")
SYMBOL = struct.Struct("<IIIBBH")


class Section(NamedTuple):
    """An ELF32 section header, fields in file order."""

    name: int
    kind: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entsize: int


def read_sections(image: bytes, path: str) -> list[Section]:
    """All section headers of a little-endian ELF32 image."""
    if image[:6] != b"\x7fELF\x01\x01":
        sys.exit(f"ksyms: {path} is not a 32-bit little-endian ELF file")
    (table,) = struct.unpack_from("<I", image, 32)
    (count,) = struct.unpack_from("<H", image, 48)
    return [Section(*SECTION_HEADER.unpack_from(image, table + i * SECTION_HEADER.size)) for i in range(count)]


def string_at(image: bytes, offset: int) -> str:
    """The NUL-terminated string at a file offset."""
    return image[offset : image.index(b"\0", offset)].decode("ascii")


def read_functions(path: str) -> list[tuple[int, str]]:
    """(address, name) of every function and every label in code, in rising order, one name to an address.

    A function's name wins over a label's. Labels at the very end of a section, and assembler-local ones, name no code.
    """
    image = Path(path).read_bytes()
    sections = read_sections(image, path)
    found: dict[int, tuple[bool, str]] = {}
    for table in (s for s in sections if s.kind == SHT_SYMTAB):
        strings = sections[table.link].offset
        for offset in range(table.offset, table.offset + table.size, SYMBOL.size):
            name_offset, addr, _, info, _, index = SYMBOL.unpack_from(image, offset)
            is_label = info & 0xF == STT_NOTYPE
            if info & 0xF not in (STT_FUNC, STT_NOTYPE) or not 0 < index < len(sections):
                continue
            section = sections[index]
            name = string_at(image, strings + name_offset)
            in_code = section.flags & SHF_EXECINSTR and section.addr <= addr < section.addr + section.size
            if in_code and name and not name.startswith((".L", "$")):
                found[addr] = min(found.get(addr, (is_label, name)), (is_label, name))
    return [(addr, name) for addr, (_, name) in sorted(found.items())]


def render(functions: list[tuple[int, str]]) -> str:
    """Assembly of the table."""
    lines = [
        '    .section .ksyms, "a", @progbits',
        "    .globl ksyms_count, ksyms_addr, ksyms_name_off, ksyms_names",
        "    .balign 4",
        f"ksyms_count: .long {len(functions)}",
        "ksyms_addr:",
        *(f"    .long {addr:#x}" for addr, _ in functions),
        "ksyms_name_off:",
    ]
    offset = 0
    for _, name in functions:
        lines.append(f"    .long {offset}")
        offset += len(name) + 1
    lines.append("ksyms_names:")
    lines += [f'    .asciz "{name}"' for _, name in functions]
    # An empty table still gives every symbol an address of its own section.
    lines.append("    .byte 0")
    return "\n".join(lines) + "\n"


def check(first: str, second: str) -> None:
    """Exit with a message unless both images have the same functions at the same addresses."""
    before, after = set(read_functions(first)), set(read_functions(second))
    if not before:
        sys.exit(f"ksyms: {first} has no function symbols")
    moved = sorted(before ^ after)
    if moved:
        addr, name = moved[0]
        sys.exit(f"ksyms: the second link moved {len(moved)} symbols, first {name} at {addr:#x}; .ksyms must be last")


def main(args: list[str]) -> None:
    """Run one of the three forms of the command."""
    if len(args) == 2 and args[0] == "--empty":
        Path(args[1]).write_text(render([]))
    elif len(args) in (3, 5) and args[0] == "--check":
        check(args[1], args[2])
        if len(args) == 5 and args[3] == "--copy":
            shutil.copyfile(args[2], args[4])
    elif len(args) == 2:
        Path(args[1]).write_text(render(read_functions(args[0])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
