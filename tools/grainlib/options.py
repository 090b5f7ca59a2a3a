"""Types of options that several commands have."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """A whole number from 1 on."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is less than 1")
    return value


def words(text: str) -> list[str]:
    """Words between commas."""
    found = [word for word in text.split(",") if word]
    if not found:
        raise argparse.ArgumentTypeError("nothing is named")
    return found


def positives(text: str) -> list[int]:
    """Whole numbers from 1 on, between commas."""
    return [positive(word) for word in words(text)]
