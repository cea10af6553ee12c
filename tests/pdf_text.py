"""What a PDF says, read back by poppler."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None,
    reason="pdftotext isn't installed (Debian's package poppler-utils)",
)


# The typesetter gives a consonant with a vowel and a tone mark above it out twice, for the tone mark is raised.
_CLUSTER = re.compile("([\u0e01-\u0e2e][\u0e31\u0e34-\u0e39\u0e4d][\u0e47-\u0e4c])\\1")


def pages_of(pdf: Path | bytes) -> list[str]:
    """Return the text of each page, laid out as on paper, without marks of where words may be broken."""
    content = pdf if isinstance(pdf, bytes) else pdf.read_bytes()
    done = subprocess.run(
        ["pdftotext", "-layout", "-enc", "UTF-8", "-", "-"],
        input=content,
        capture_output=True,
        check=True,
    )
    text = _CLUSTER.sub(r"\1", done.stdout.decode().replace("\u200b", ""))
    return text.removesuffix("\f").split("\f")


def boxes_of(pdf: Path) -> list[tuple[float, float, str]]:
    """Return left edge, right edge and text of each word on the first page, in points."""
    done = subprocess.run(
        ["pdftotext", "-bbox", "-l", "1", str(pdf), "-"], capture_output=True, check=True
    )
    found = re.findall(r'xMin="([\d.]+)".*?xMax="([\d.]+)".*?>(.*?)</word>', done.stdout.decode())
    return [(float(left), float(right), text) for left, right, text in found]


def sizes_of(pdf: Path) -> list[tuple[float, float]]:
    """Return width and height of each page, in points."""
    done = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, check=True)
    found = re.findall(r'<page width="([\d.]+)" height="([\d.]+)"', done.stdout.decode())
    return [(float(width), float(height)) for width, height in found]


def bands_of(pdf: Path, box: tuple[int, int, int, int]) -> int:
    """Return how many lines of ink, with white between them, a part of the first page shows.

    Args:
        box: its left edge, top edge, width and height, in millimetres.
    """
    left, top, width, height = (round(each * 200 / 25.4) for each in box)
    where = ["-x", left, "-y", top, "-W", width, "-H", height]
    done = subprocess.run(
        ["pdftoppm", "-gray", "-r", "200", "-l", "1", *map(str, where), str(pdf)],
        capture_output=True,
        check=True,
    )
    *_, pixels = done.stdout.split(b"\n", 3)  # of a PGM: kind, size and depth come before
    inked = [min(pixels[at : at + width]) < 128 for at in range(0, width * height, width)]
    return sum(here and not before for before, here in pairwise([False, *inked]))
