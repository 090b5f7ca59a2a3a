"""Every QEMU flag, and what each exit status means."""

from __future__ import annotations

import shutil

from grainlib import iso
from grainlib.build import display_path
from grainlib.failure import Failure
from grainlib.machine import Machine

PROGRAM = "qemu-system-i386"

# A 32-bit CPU and just the features that the kernel uses beyond it, so that every QEMU version emulates the same one
# (`max` grows with each release) and the translator has them all. PAE, PGE, SYSENTER and the APIC are in qemu32.
TCG_CPU = "qemu32,+nx,+smep,+smap,+umip"

# What the guest writes to the debug-exit port (v << 1 | 1 is QEMU's status).
EXIT_SUCCESS = 0x10 << 1 | 1
EXIT_FAILURE = 0x11 << 1 | 1
EXIT_PANIC = 0x20 << 1 | 1


def command(machine: Machine, serial: str = "stdio", stub: str = "") -> list[str]:
    """The QEMU command for a machine, its first serial port connected as `serial` says; with `stub`, the file name of a
    local socket, it waits for a debugger there before the first instruction."""
    if shutil.which(PROGRAM) is None:
        raise Failure(f"no {PROGRAM}: install qemu-system-x86")
    words = [PROGRAM, "-name", "grain,debug-threads=on", *accelerator(machine), "-smp", str(machine.smp), "-m", f"{machine.mem_mib}M"]
    words += boot_source(machine)
    words += ["-display", "none", "-serial", serial, "-nic", "none", "-no-reboot"]
    if machine.results is not None:
        words += ["-serial", f"file:{display_path(machine.results)}"]
    if "mon:" not in serial:
        words += ["-monitor", "none"]
    words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if stub:
        words += ["-gdb", f"unix:{stub},server=on,wait=off", "-S"]
    return words


def with_window(command: list[str]) -> list[str]:
    """The same command, with QEMU's own window in place of no display."""
    if "-display" not in command:
        raise Failure("--window is for QEMU")
    at = command.index("-display")
    return command[:at] + command[at + 2 :]


def accelerator(machine: Machine) -> list[str]:
    """What executes the guest."""
    if machine.engine == "kvm":
        return ["-accel", "kvm", "-cpu", "host"]
    if machine.engine == "icount":
        # One virtual nanosecond an instruction, and idle time skipped: two runs agree to the digit.
        return ["-icount", "shift=0,sleep=off", "-cpu", TCG_CPU]
    return ["-accel", f"tcg,thread={machine.thread}", "-cpu", TCG_CPU]


def boot_source(machine: Machine) -> list[str]:
    """Kernel and modules, directly or on an ISO."""
    if machine.boot == "iso":
        return ["-cdrom", display_path(iso.path(machine))]
    words = ["-kernel", display_path(machine.kernel)]
    if machine.modules:
        words += ["-initrd", ",".join(module_words(machine))]
    if machine.append:
        words += ["-append", machine.append]
    return words


def module_words(machine: Machine) -> list[str]:
    """The modules as -initrd wants them: a comma ends one unless doubled, a space ends the file name."""
    texts = []
    for module in machine.modules:
        name = display_path(module.path)
        if " " in name:
            raise Failure(f"QEMU cannot load a module whose path has a space: {name}")
        texts.append(module.text(name).replace(",", ",,"))
    return texts
