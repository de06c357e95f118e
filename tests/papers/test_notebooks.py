"""Notebooks: what claims, tables and sampled evidence show, and that the example runs in a kernel and shows all of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from numerics import evidence
from numerics.checks import Result
from numerics.evaluate import value
from numerics.evidence import Evidence
from papers.claims import ledger
from papers.claims.claim import NOTHING, Claim, Finding, Point, Verdict
from papers.references import as_text
from papers.table import Column, Number, Source, Table
from theory.proof.cache import record_of
from theory.proof.library import find
from theory.symbols import N

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "papers" / "notebooks").glob("*.ipynb"))
HOSTILE = r"""100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <script>alert("q")</script>"""
SLOWEST = 600  # seconds for one cell, where all proofs have to be judged first


def words_of(html: str) -> str:
    """The text of well-formed HTML that runs nothing."""
    tree = ElementTree.fromstring(f"<div>{html}</div>")
    assert "script" not in {element.tag for element in tree.iter()}
    return " ".join("".join(tree.itertext()).split())


def shows(shown: object, *parts: str) -> None:
    """Whether all parts are in the HTML; the LaTeX is displays without the commands that words may hold."""
    html, latex = shown._repr_html_(), shown._repr_latex_()  # type: ignore[attr-defined]
    for part in parts:
        assert part in words_of(html), html
    assert re.fullmatch(r"(\$\$[^$]*(\\\$[^$]*)*\$\$\n?)+", latex), latex
    assert r"\input" not in latex


# --- claims and tables ----------------------------------------------------------------------------


@pytest.mark.parametrize("id", ["S-07", "G-08", "R-05"])
def test_a_claim_shows_what_was_printed_and_what_came_of_it(id: str) -> None:
    claim = ledger.find(id)
    found = claim.finding
    paper = as_text(claim.paper) if claim.paper != "reviews" else "reviews"
    shows(claim, f"{id}: {found.verdict}", claim.says, paper, found.reason, claim.note, *found.evidence)
    shows(found, str(found.verdict), found.reason, *(f"{point.where}: " for point in found.points))
    assert (r"&\text{printed} && " in claim._repr_latex_()) == (claim.printed != NOTHING)


def test_a_claim_of_hostile_words_shows_them() -> None:
    finding = Finding(Verdict.REFUTED, HOSTILE, (), N**2, N, (Point(HOSTILE, "1", "2"),), (HOSTILE,))
    claim = Claim("X-01", "glorot2010", "text", HOSTILE, lambda printed: finding, N + 1, HOSTILE)
    shows(claim, HOSTILE, f"{HOSTILE}: printed 1, derived 2", "N+1")
    assert words_of(claim._repr_html_()).count(HOSTILE) == 5


def test_a_table_shows_its_numbers_as_it_prints_them() -> None:
    source = Source("variance.activation", "theorem", "0" * 64)
    rows = (
        (Decimal(3), Number(Decimal("1.23456"), source, Decimal("0.0123"))),
        (Decimal(40), Number(Decimal("0.5"), source)),
        (Decimal(5), "none"),
    )
    columns = (Column(N, decimals=0), Column("gain", group=HOSTILE, decimals=2))
    table = Table("mine", ("Caption with ", N), columns, rows, (HOSTILE,))
    shows(table, "Caption with N", "1.235(12)", "0.50", "none", f"{HOSTILE}, gain", HOSTILE)
    assert "3 & 1.235(12) \\\\\n40 & 0.50 \\\\\n5 & \\text{none}\n" in table._repr_latex_()


def test_the_readmes_own_page_shows_itself() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = (code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "Shown" in code)
    subprocess.run([sys.executable, "-c", source], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    wrong = source.replace("<math", "<maths")
    assert subprocess.run([sys.executable, "-c", wrong], env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode == 1


# --- evidence -------------------------------------------------------------------------------------


def test_evidence_shows_its_estimate_and_both_error_rates() -> None:
    plan = evidence.plan_bounded(0.5, 0, 1, shift=0.1, alpha=1e-3, beta=1e-2, condition="no dead layer")
    halves = np.full(plan.networks, 0.5)
    found = evidence.judge(plan, [np.array([np.nan, *halves])])
    rates = ("with probability 0.001 at most", "of the mean by 0.1 or more with probability 0.01 at most")
    shows(found, "agrees", "0.5 ± 0", *rates, f"{plan.networks:,}", "no dead layer (1 excluded)")
    result = Result("variance.activation", {"layer": "1"}, HOSTILE, 0.5, 0.5, "cpu", found)
    shows(result, "variance.activation: agrees", HOSTILE, "layer1", "expected0.5", *rates)


def test_evidence_that_has_no_readings_says_why() -> None:
    nan = float("nan")
    found = Evidence("undecided", "needs more", nan, nan, nan, 0.0, 1.0, 1e-6, 1e-3, 0.1, 0, 0, "", 0.0, "law")
    shows(found, "undecided", "needs more", "of the law by 0.1")
    assert not {"estimate", "nan"} & set(re.findall(r"\w+", found._repr_html_()))


def test_evidence_can_be_shown_where_it_was_drawn_without_computer_algebra() -> None:
    script = "import sys, numerics.evidence; assert not {'sympy', 'flint'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


# --- the example ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


def test_the_first_steps_run_and_show_what_was_judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    notebook = nbformat.read(ROOT / "papers" / "notebooks" / "first_steps.ipynb", as_version=4)
    NotebookClient(notebook, timeout=SLOWEST, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert all(output.output_type in ("execute_result", "stream") for output in outputs), outputs
    shown = [output.data for output in outputs if output.output_type == "execute_result"]
    pages = [words_of("".join(data["text/html"])) for data in shown if "text/html" in data]
    assert all("text/latex" in data for data in shown if "text/html" in data)
    verdicts = {name: record_of(find(name)).verdict for name in ("random_walk.relu_gain", "variance.forward_step")}
    begins = [
        verdicts["random_walk.relu_gain"],
        *(f"{name}: {verdict}" for name, verdict in verdicts.items()),
        "random_walk.relu_log_mean: agrees",
        f"S-07: {ledger.find('S-07').finding.verdict}",
        "Unbiased gains",
    ]
    assert [page.startswith(begin) for page, begin in zip(pages, begins, strict=True)] == [True] * len(begins)
    assert repr(value("random_walk.relu_gain", digits=30, N=300)) in [data["text/plain"] for data in shown]
    assert r"\toprule" in outputs[-1].text
    assert os.listdir(tmp_path) == []
