"""What tests of LaTeX share: documents of a few packages, compiled twice, and what is seen of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PDFLATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(PDFLATEX is None, reason="pdflatex is not installed, so nothing was compiled")
PACKAGES = ("booktabs,siunitx", "booktabs,siunitx,longtable")
HOSTILE = (
    r"100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <script>alert(1)</script> a^b^c x_{y_z_w} sqrt(\) é ± Ω 漢 "
    r"\end{longtable}"
)
OVERFULL = 5  # points that a line may stick out: less than the gap between two columns


def compiled(body: str, folder: Path, packages: str = PACKAGES[0]) -> str:
    """Compile a plain article with these packages that inputs the body; what TeX said."""
    (folder / "table.tex").write_text(body, encoding="ascii")
    (folder / "page.tex").write_text(
        rf"\documentclass{{article}}\usepackage{{{packages}}}\begin{{document}}\input{{table}}\end{{document}}"
    )
    line = [PDFLATEX, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    for _ in range(2):  # the second run knows the widths of the longtable's columns
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def fits(said: str) -> bool:
    """Whether no line sticks out and no float is longer than a page."""
    return "Float too large" not in said and all(
        float(by) <= OVERFULL for by in re.findall(r"Overfull .hbox \(([\d.]+)pt", said)
    )


def read(folder: Path) -> str:
    """The words of the compiled page, without spaces; skipped where nothing can read it."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed, so the page was not read")
    done = subprocess.run(["pdftotext", "page.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True)
    return re.sub(r"\s", "", done.stdout)
