"""Bochs: its configuration file and command.

Bochs boots only from the ISO. Debian's build has the debugger, which waits for `c` at the start; it draws on a
terminal, and COM1 is a terminal of its own; without the dummy sound driver it dies where there is no sound card.
A guest ends it by writing "Shutdown" to port 0x8900, else we do.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from grainlib import iso
from grainlib.failure import Failure
from grainlib.machine import Machine

PROGRAM = "bochs"
BIOS = Path("/usr/share/bochs/BIOS-bochs-latest")
VGA_BIOS = Path("/usr/share/bochs/VGABIOS-lgpl-latest")
DISPLAY_PLUGIN = "lib/*/bochs/plugins/libbx_term_gui.so"

# The oldest model in Bochs 2.7 with SMEP, SMAP and UMIP. One instruction is one tick, so `ips` only sets how many
# ticks the timer chips take for a second.
CONFIG = """\
config_interface: textconfig
display_library: term
cpu: model=corei7_icelake_u, count={smp}, ips=50000000, reset_on_triple_fault=0
clock: sync=none
memory: guest={mem}, host={mem}
romimage: file={bios}, options=fastboot
vgaromimage: file={vga_bios}
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={console}
{results}sound: waveoutdrv=dummy
speaker: enabled=0
log: {log}
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
"""


def require() -> None:
    """Say what is missing."""
    if shutil.which(PROGRAM) is None or not list(Path("/usr").glob(DISPLAY_PLUGIN)):
        raise Failure("no Bochs with terminal display: install bochs and bochs-term")
    for path, package in ((BIOS, "bochsbios"), (VGA_BIOS, "vgabios")):
        if not path.exists():
            raise Failure(f"no {path}: install {package}")


def folder(machine: Machine) -> Path:
    """Where the files of this boot lie."""
    return machine.build.file("bochs", machine.name(), "bochsrc").parent


def command(machine: Machine) -> list[str]:
    """The Bochs command for a machine; configure() writes the files it names."""
    require()
    return [PROGRAM, "-q", "-f", str(folder(machine) / "bochsrc"), "-rc", str(folder(machine) / "debugger")]


def configure(machine: Machine, console: str) -> None:
    """Write the files for a boot with COM1 on the terminal `console`."""
    (folder(machine) / "bochsrc").write_text(
        CONFIG.format(
            smp=machine.smp,
            mem=machine.mem_mib,
            bios=BIOS,
            vga_bios=VGA_BIOS,
            iso=iso.path(machine),
            console=console,
            results=f"com2: enabled=1, mode=file, dev={machine.results}\n" if machine.results else "",
            log=folder(machine) / "bochs.log",
        )
    )
    (folder(machine) / "debugger").write_text("c\n")


def firmware_failure(machine: Machine) -> str | None:
    """What to say when the firmware died before our first instruction, as that of some distributions does.

    It cannot have been the kernel: the boot loader writes to the console first.
    """
    log = folder(machine) / "bochs.log"
    if machine.log().stat().st_size or ">>PANIC<<" not in log.read_text(errors="replace"):
        return None
    return f"the firmware {BIOS} of this Bochs crashes before the boot loader"
