"""The report: it holds only if everything does, says so on one screen, and refuses a bad folder before any work."""

from __future__ import annotations

import dataclasses

import pytest

import numerics.checks
import theory.proof.library
from numerics.checks import Result
from numerics.evidence import Evidence
from papers import figures, report, tables
from papers.arguments import NotHad
from papers.checking import NOT_BUILT, Checked
from papers.tables.initialisations import initialisation_factors
from theory.proof.library import find
from theory.proof.theorem import DoesNotStand

EVIDENCE = Evidence("agrees", "", 1.0, 0.1, 0.0, 0.0, 1.0, 1e-7, 1e-3, 0.05, 100, 0, "", 0.5)
RESULT = Result("variance.activation", {}, "the mean square", 1.0, 1.0, "cpu", EVIDENCE)


@pytest.fixture
def small(monkeypatch):
    """A library of one theorem, one table, no figure, and a sampler whose evidence the test chooses."""
    sampled = [RESULT]
    monkeypatch.setattr(theory.proof.library, "theorems", lambda: (find("variance.activation"),))
    monkeypatch.setattr(numerics.checks, "verify", lambda names, **options: list(sampled))
    monkeypatch.setattr(tables, "TABLES", {"initialisation_factors": initialisation_factors})
    monkeypatch.setattr(figures, "FIGURES", {})
    return sampled


def test_all_hold_where_every_part_does(small, tmp_path):
    found = report.write(tmp_path)
    assert found.holds
    assert found.status == 0
    assert [path.name for path in found.paths] == [f"initialisation_factors.{end}" for end in ("tex", "csv", "md")]
    summary = found.summary()
    assert "1: 1 proved" in summary
    assert "1: 1 agrees" in summary
    assert str(tmp_path / "tables" / "initialisation_factors") in summary
    assert summary.endswith("All hold.")
    assert summary.count("\n") < 24  # one screen of the smallest usual terminal


@pytest.mark.parametrize("verdict", ["refuted", "undecided"])
def test_evidence_that_does_not_agree_fails_the_report_and_is_named(small, tmp_path, verdict):
    evidence = dataclasses.replace(EVIDENCE, verdict=verdict, reason="too few networks")
    small.append(dataclasses.replace(RESULT, evidence=evidence))
    found = report.write(tmp_path)
    assert found.status == 1
    assert f"variance.activation, the mean square: {verdict}, too few networks" in found.summary()
    assert found.summary().endswith("Not all hold.")


def test_nothing_sampled_is_not_everything_holding(small, tmp_path):
    small.clear()
    assert report.write(tmp_path).status == 1


def test_a_proof_that_does_not_stand_fails_the_report_and_is_not_sampled(small, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(numerics.checks, "verify", lambda names, **options: asked.append(names) or [RESULT])
    broken = Checked("variance.activation", NOT_BUILT, False, {}, 0.1, ("it cannot be judged",))
    monkeypatch.setattr(report, "check", lambda theorem, progress: broken)
    found = report.write(tmp_path)
    assert found.status == 1
    assert asked == [[]]
    assert f"variance.activation: {NOT_BUILT}" in found.summary()


def test_a_table_that_rests_on_a_refuted_theorem_fails_the_report(small, tmp_path, monkeypatch):
    def refuse():
        raise DoesNotStand("variance.activation does not stand")

    monkeypatch.setattr(tables, "TABLES", {"refused": refuse})
    found = report.write(tmp_path)
    assert found.status == 1
    assert "variance.activation does not stand" in found.summary()


def test_a_folder_that_cannot_be_written_is_refused_before_any_work(small, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "check", lambda theorem, progress: pytest.fail("work was done"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotHad) as refused:
        report.write(tmp_path / "file" / "folder")
    assert str(refused.value).startswith(f"cannot write {tmp_path / 'file' / 'folder'}: ")
    assert "\n" not in str(refused.value)
