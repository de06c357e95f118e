"""The report: it holds only if everything does, says so on one screen, and refuses a bad folder before any work."""

from __future__ import annotations

import dataclasses

import pytest

import numerics.checks
import theory.proof.library
from numerics.checks import Result, verify
from numerics.evidence import Evidence
from numerics.evidence.record import StaleRecord
from papers import figures, handbook, report, tables, web
from papers.arguments import NotHad
from papers.checking import NOT_BUILT, Checked
from papers.claims import ledger
from papers.files import write_text
from papers.tables.initialisations import initialisation_factors
from theory.proof.library import find
from theory.proof.theorem import DoesNotStand

EVIDENCE = Evidence("agrees", "", 1.0, 0.1, 0.0, 0.0, 1.0, 1e-7, 1e-3, 0.05, 100, 0, "", 0.5)
RESULT = Result("variance.activation", {}, "the mean square", 1.0, 1.0, "cpu", EVIDENCE)


def kept(record, results):
    """What verify gives, once its record is there."""
    record.write_text("a record")
    return list(results)


@pytest.fixture
def small(monkeypatch):
    """A library of one theorem, one claim, one table, no page, and a sampler whose evidence the test chooses."""
    sampled = [RESULT]
    monkeypatch.setattr(theory.proof.library, "theorems", lambda: (find("variance.activation"),))
    monkeypatch.setattr(numerics.checks, "verify", lambda names, record, **options: kept(record, sampled))
    monkeypatch.setattr(tables, "TABLES", {"initialisation_factors": initialisation_factors})
    monkeypatch.setattr(figures, "FIGURES", {})
    claim = ledger.find("G-05")
    monkeypatch.setattr(ledger, "claims", lambda: (claim,))
    monkeypatch.setattr(web, "write", lambda folder, results: [write_text(folder / "report.html", f"{len(results)}")])
    monkeypatch.setattr(handbook, "can_be_built", lambda: False)
    return sampled


def test_all_hold_where_every_part_does(small, tmp_path):
    found = report.write(tmp_path)
    assert found.holds
    assert found.status == 0
    table = [f"initialisation_factors.{end}" for end in ("tex", "csv", "md", "json")]
    assert [path.name for path in found.paths] == ["claims.json", *table, "references.bib", "report.html"]
    summary = found.summary()
    assert f"1: 1 {ledger.find('G-05').finding.verdict}" in summary
    assert "1: 1 proved" in summary
    assert "1: 1 agrees" in summary
    assert str(tmp_path / "tables" / "initialisation_factors") in summary
    assert summary.endswith("All hold.")
    assert summary.count("\n") < 24  # one screen of the smallest usual terminal


def test_a_second_run_without_changes_makes_nothing_again(small, tmp_path, monkeypatch):
    first = report.write(tmp_path)
    monkeypatch.setattr(numerics.checks, "verify", lambda names, **options: pytest.fail("sampled again"))
    monkeypatch.setattr(report, "_recorded", lambda record: [RESULT])
    monkeypatch.setattr(tables, "TABLES", {"initialisation_factors": lambda: pytest.fail("made again")})
    monkeypatch.setattr(web, "write", lambda folder, results: pytest.fail("made again"))
    again = report.write(tmp_path)
    assert again.paths == first.paths
    assert again.holds


def test_the_results_of_a_record_are_those_that_were_found(tmp_path):
    record = tmp_path / "record.jsonl"
    found = verify(["variance.standard_weight", "random_walk.walk_cdf"], detect=0.2, record=record)
    assert len(found) > 2
    assert repr(report._recorded(record)) == repr(found)  # NaN is not equal to itself


def test_an_interrupted_run_goes_on_where_it_stopped(small, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(web, "write", lambda folder, results: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            report.write(tmp_path)
    monkeypatch.setattr(tables, "TABLES", {"initialisation_factors": lambda: pytest.fail("made again")})
    monkeypatch.setattr(report, "_recorded", lambda record: [RESULT])
    assert report.write(tmp_path).holds


def test_a_record_of_other_code_is_begun_anew(small, tmp_path, monkeypatch):
    record = tmp_path / report.RECORD
    record.write_text("of other code")

    def verify(names, *, record, **options):
        if record.exists():
            raise StaleRecord("the code of numerics has changed")
        return kept(record, [RESULT])

    monkeypatch.setattr(numerics.checks, "verify", verify)
    assert report.write(tmp_path).holds


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

    def verify(names, record, **options):
        asked.append(names)
        return kept(record, [RESULT])

    monkeypatch.setattr(numerics.checks, "verify", verify)
    broken = Checked("variance.activation", NOT_BUILT, False, {}, 0.1, ("it cannot be judged",))
    monkeypatch.setattr(report, "check", lambda theorem, progress, cached: broken)
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
    monkeypatch.setattr(report, "check", lambda *given, **options: pytest.fail("work was done"))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotHad) as refused:
        report.write(tmp_path / "file" / "folder")
    assert str(refused.value).startswith(f"cannot write {tmp_path / 'file' / 'folder'}: ")
    assert "\n" not in str(refused.value)
