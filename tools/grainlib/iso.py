"""The bootable CD: GRUB, the kernel and the modules, from boot/grub.cfg.in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from grainlib.build import SOURCE_DIR
from grainlib.failure import Failure
from grainlib.machine import Machine

MKRESCUE = "grub-mkrescue"
GRUB_DIR = Path("/usr/lib/grub/i386-pc")
# Only what grub.cfg uses, so that slow emulators have little to load.
GRUB_MODULES = "biosdisk iso9660 multiboot normal serial terminal"
TEMPLATE = SOURCE_DIR / "boot" / "grub.cfg.in"


def path(machine: Machine) -> Path:
    """Where the image of this machine lies."""
    return machine.build.file("iso", machine.name() + ".iso")


def tree_of(output: Path) -> Path:
    """Where the image's files are put together."""
    # With a "=" in it xorriso would take the path for two.
    return output.with_name(output.stem.replace("=", "-") + ".tree")


def command(output: Path) -> list[str]:
    """What makes the image out of them."""
    words = [MKRESCUE, "-o", str(output), f"--directory={GRUB_DIR}", f"--install-modules={GRUB_MODULES}"]
    return words + ["--locales=", "--fonts=", "--themes=", str(tree_of(output))]


def make(machine: Machine, output: Path) -> None:
    """Write the image."""
    for program, package in ((MKRESCUE, "grub-common"), ("xorriso", "xorriso")):
        if shutil.which(program) is None:
            raise Failure(f"no {program}: install {package}")
    if not GRUB_DIR.is_dir():
        raise Failure(f"no {GRUB_DIR}: install grub-pc-bin")
    tree = tree_of(output)
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "boot" / "grub").mkdir(parents=True)
    shutil.copy(machine.kernel, tree / "boot" / "grain.elf")
    for module, name in zip(machine.modules, names(machine)):
        shutil.copy(module.path, tree / "boot" / name)
    (tree / "boot" / "grub" / "grub.cfg").write_text(render_config(machine))
    result = subprocess.run(command(output), check=False, capture_output=True, text=True)
    shutil.rmtree(tree)
    if result.returncode != 0:
        raise Failure(f"{MKRESCUE} failed: {' '.join(result.stderr.split()[-30:])}")


def names(machine: Machine) -> list[str]:
    """The modules' file names in the image: their own, numbered where one before has the same."""
    found: list[str] = []
    for module in machine.modules:
        name = module.path.name
        found.append(f"{len(found)}-{name}" if name in found else name)
    return found


def render_config(machine: Machine) -> str:
    """grub.cfg for this machine. As under QEMU, a module's text starts with its file name."""
    modules = [
        f"module /boot/{name} {quote_words(module.text(name))}" for module, name in zip(machine.modules, names(machine))
    ]
    text = TEMPLATE.read_text()
    return text.replace("@APPEND@", quote_words(machine.append)).replace("@MODULES@", "\n".join(modules))


def quote_words(text: str) -> str:
    """Words as GRUB's shell takes them literally."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in text.split())
