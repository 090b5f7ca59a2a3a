#!/usr/bin/env python3
"""Makes the boot image: a tar (ustar) archive in which each file's data begins on a page.

    mkimage.py OUTPUT NAME=FILE...

What lies between two files is an entry of its own: a pax header with nothing but a comment, which every tar passes
over. The order is that of the arguments, and the same files make the same archive.

Of programs (ELF, 32 bit, little endian) only what is loaded goes in: symbols and debug information stay in the build.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

BLOCK = 512
PAGE = 4096
ELF_MAGIC = b"\x7fELF\x01\x01"  # 32 bit, little endian
ELF_HEADER = struct.Struct("<16s2H5I6H")
ELF_PROGRAM_HEADER = struct.Struct("<8I")
PT_LOAD = 1
NAME_MAX = 99  # bytes of a name; the field has 100, with a 0 at the end


class ImageError(Exception):
    """What is wrong with the arguments, in one line."""


def header(name: str, size: int, kind: bytes) -> bytes:
    """One ustar header (POSIX.1-2017, pax, "ustar Interchange Format")."""
    fields = [
        name.encode().ljust(100, b"\0"),
        b"0000755\0" + b"0000000\0" * 2,  # mode, owner, group
        b"%011o\0" % size,
        b"%011o\0" % 0,  # time
        b" " * 8,  # the checksum, counted as blanks
        kind,
        b"\0" * 100,  # link
        b"ustar\x0000",
    ]
    block = b"".join(fields).ljust(BLOCK, b"\0")
    return block.replace(b" " * 8, b"%06o\0 " % sum(block), 1)


def blocks(data: bytes) -> bytes:
    """Data filled up with zeros to whole blocks."""
    return data + b"\0" * (-len(data) % BLOCK)


def padding(position: int) -> bytes:
    """What to put at `position` so that the data of an entry after it begins on a page."""
    room = (-position - BLOCK) % PAGE
    if room == 0:
        return b""
    if room == BLOCK:
        room += PAGE  # a comment needs a block of its own
    size = room - BLOCK
    record = b"%d comment=" % size
    return header("pad", size, b"x") + record + b"-" * (size - len(record) - 1) + b"\n"


def without_sections(data: bytes) -> bytes:
    """An ELF file cut off behind the last byte that is loaded, without its table of sections; others as they are."""
    if not data.startswith(ELF_MAGIC) or len(data) < ELF_HEADER.size:
        return data
    fields = list(ELF_HEADER.unpack_from(data))
    start, entry_size, count = fields[5], fields[9], fields[10]
    end = start + entry_size * count
    if entry_size != ELF_PROGRAM_HEADER.size or end > len(data):
        return data
    for index in range(count):
        kind, offset, _, _, size, *_ = ELF_PROGRAM_HEADER.unpack_from(data, start + index * entry_size)
        if kind == PT_LOAD:
            end = max(end, offset + size)
    if end > len(data):
        return data
    fields[6] = fields[12] = fields[13] = 0  # e_shoff, e_shnum, e_shstrndx
    return ELF_HEADER.pack(*fields) + data[ELF_HEADER.size : end]


def make_image(files: list[tuple[str, bytes]]) -> bytes:
    """The archive of these files."""
    image = bytearray()
    seen = set()
    for name, data in files:
        if not name or len(name.encode()) > NAME_MAX or name in seen:
            raise ImageError(f"{name or 'an empty name'}: empty, too long, or there already")
        seen.add(name)
        image += padding(len(image))
        image += header(name, len(data), b"0")
        image += blocks(data)
    image += b"\0" * (2 * BLOCK)
    return bytes(image) + b"\0" * (-len(image) % PAGE)


def main(arguments: list[str]) -> int:
    """Exit status 0, or 2 with a line about what is wrong."""
    if len(arguments) < 1 or not all("=" in argument for argument in arguments[1:]):
        print("usage: mkimage.py OUTPUT NAME=FILE...", file=sys.stderr)
        return 2
    try:
        pairs = [argument.split("=", 1) for argument in arguments[1:]]
        Path(arguments[0]).write_bytes(make_image([(name, without_sections(Path(path).read_bytes())) for name, path in pairs]))
    except (ImageError, OSError) as error:
        print(f"mkimage: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
