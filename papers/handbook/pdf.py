"""pdflatex and bibtex: from a folder with `handbook.tex` to `handbook.pdf`, the same bytes from the same text."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from papers.arguments import NotHad
from papers.files import write_whole

PROGRAMS = ("pdflatex", "bibtex")
PACKAGES = "texlive-latex-base, texlive-latex-recommended, texlive-science and texlive-fonts-recommended"
MOST_RUNS = 5  # of pdflatex; page numbers of a long table of contents settle in three or four
TOO_LONG = 300  # seconds of one run; it takes about five
_AGAIN = re.compile(r"(?:have|has) changed")  # labels, or a file that hyperref writes


def can_be_built() -> bool:
    """Whether the programs of TeX are there."""
    return all(map(shutil.which, PROGRAMS))


def compiled(folder: Path, name: str = "handbook") -> tuple[Path, str]:
    """Compile `folder`/name.tex with what it reads from there; the PDF beside it, and TeX's log.

    Raises NotHad where TeX is missing, does not know a package, or stops at an error.
    """
    if not can_be_built():
        raise NotHad(
            f"the handbook needs {' and '.join(PROGRAMS)}, which are not installed; on Debian install {PACKAGES}"
        )
    with TemporaryDirectory(prefix="initium-") as scratch:
        work = Path(scratch) / "handbook"  # TeX writes nowhere else
        shutil.copytree(folder, work, ignore=_unneeded)
        log = _pdflatex(work, name)
        _run(["bibtex", "-terse", name], work)
        for _ in range(MOST_RUNS - 1):
            log = _pdflatex(work, name)
            if not _AGAIN.search(log):
                break
        content = (work / f"{name}.pdf").read_bytes()
    return write_whole(folder / f"{name}.pdf", lambda file: file.write(content)), log


def _unneeded(folder: str, names: list[str]) -> list[str]:
    """What TeX does not read: all but sources, the bibliography, and the PDFs and folders of tables and figures."""
    top = Path(folder).name not in ("tables", "figures")
    kept = (".tex", ".bib") if top else (".tex", ".pdf")
    return [name for name in names if not name.endswith(kept) and name not in ("tables", "figures")]


def _pdflatex(work: Path, name: str) -> str:
    options = ["-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error"]
    done = _run(["pdflatex", *options, f"{name}.tex"], work)
    log = (work / f"{name}.log").read_text(encoding="latin-1") if (work / f"{name}.log").exists() else done.stdout
    if done.returncode:
        missing = re.search(r"File `([^']+)' not found", log)
        error = next((line[2:] for line in log.splitlines() if line.startswith("! ")), "TeX stopped")
        reason = f"TeX does not find {missing[1]}; on Debian install {PACKAGES}" if missing else f"TeX says: {error}"
        raise NotHad(f"{name}.tex does not compile: {reason}")
    return log


def _run(line: list[str], work: Path) -> subprocess.CompletedProcess[str]:
    """A program of TeX with a fixed clock, so that the PDF does not tell when it was made."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "0", "FORCE_SOURCE_DATE": "1", "max_print_line": "1000"}
    return subprocess.run(
        line, cwd=work, env=environment, timeout=TOO_LONG, capture_output=True, text=True, errors="replace", check=False
    )
