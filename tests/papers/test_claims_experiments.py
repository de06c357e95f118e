"""Claims about training: the rows of an experiment decide them, at a stated rate, and nothing else does."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from numerics.evidence.kept import Kept
from numerics.training.experiments.comparison import ALPHA, Row
from papers.claims import experiments, ledger
from papers.claims.claim import NOTHING, Finding, Verdict
from papers.claims.experiments import FAMILY, beside, experiment, false_alarm, refutes
from papers.tables import experiments as tables
from papers.training import Outcome, bare

VERDICTS = ("agrees", "differs", "undecided")


def row(verdict, what="a row", claims="X-01", error=0.1):
    return Row(claims, what, "1", 0.5, error, verdict, "a test")


def outcome(rows, size="m", name="deep_linear"):
    observed = SimpleNamespace(data="mnist (train, 9 inputs, sha256 0123456789ab)")
    kept = Kept("measurement", "code", 1, 2.5, "made")
    return Outcome(name, size, SimpleNamespace(networks=7), kept, None, observed, tuple(rows))


@pytest.fixture
def settled(monkeypatch):
    def settle(rows, size="m", **about):
        monkeypatch.setattr(experiments, "recalled", lambda name: outcome(rows, size))
        return experiment("deep_linear", "X-01", "what is compared", **about)(NOTHING)

    return settle


@given(st.integers(1, 300), st.integers(1, 20))
def test_the_chance_of_a_false_refutation_is_bounded(rows, against):
    """Exact for independent rows; the bound holds for all."""
    if against <= rows:
        assert binom.sf(against - 1, rows, ALPHA) <= false_alarm(rows, against)
        assert not refutes(rows, against) or binom.sf(against - 1, rows, ALPHA) <= FAMILY


def test_rows_that_all_agree_confirm_and_one_undecided_leaves_open(settled):
    assert settled([row("agrees")] * 3).verdict is Verdict.CONFIRMED
    found = settled([row("agrees"), row("undecided", "the doubtful one")])
    assert found.verdict is Verdict.OPEN
    assert "the doubtful one" in found.reason


def test_one_row_against_refutes_among_ten_but_not_among_eleven(settled):
    refuted = settled([row("agrees")] * 9 + [row("differs", "the counterexample")])
    assert refuted.verdict is Verdict.REFUTED
    assert "the counterexample" in refuted.reason
    assert refuted.points[0].where == "the counterexample"
    assert settled([row("agrees")] * 10 + [row("differs")]).verdict is Verdict.OPEN
    assert settled([row("agrees")] * 9 + [row("differs")] * 2).verdict is Verdict.REFUTED


def test_rows_of_other_claims_and_about_other_things_do_not_decide_and_are_counted(settled):
    rows = [row("agrees", "loss falls"), row("differs", "loss falls", claims="X-011"), row("differs", "another thing")]
    found = settled(rows, about=("loss",))
    assert found.verdict is Verdict.CONFIRMED
    assert found.reason.endswith("comparisons beside these: 1 differs")
    with pytest.raises(ValueError, match="no row of deep_linear decides X-01"):
        settled(rows, about=("nothing of it",))


def test_what_lies_beyond_a_size_stays_open_until_the_full_one(settled):
    for verdict in ("agrees", "differs"):
        found = settled([row(verdict)], beyond="needs more")
        assert found.verdict is Verdict.OPEN
        assert "needs more" in found.reason
    assert settled([row("agrees")], size="full", beyond="needs more").verdict is Verdict.CONFIRMED


def test_without_evidence_a_claim_is_open_and_says_how_to_decide_it(monkeypatch):
    monkeypatch.setattr(experiments, "recalled", lambda name: None)
    found = experiment("deep_linear", "X-01", "what is compared", evidence=("a fact",))(NOTHING)
    assert found.verdict is Verdict.OPEN
    assert "initium train deep_linear --size m" in found.reason
    assert "what is compared" in found.reason
    assert found.evidence == ("a fact",)


def test_a_settled_claim_gains_the_rows_as_evidence_and_keeps_its_verdict(monkeypatch):
    monkeypatch.setattr(experiments, "recalled", lambda name: outcome([row("differs", "a row beside it")]))
    found = beside(lambda printed: Finding(Verdict.CORRECTED, "so it is", evidence=("a fact",)), "deep_linear", "X-01")
    assert found(NOTHING).verdict is Verdict.CORRECTED
    assert found(NOTHING).evidence[0] == "a fact"
    assert "a row beside it: predicted 1, observed 0.5 ± 0.1: differs" in found(NOTHING).evidence[1]


def test_the_committed_evidence_settles_every_experiment_of_the_ledger():
    """All runs of size m are committed, by today's code."""
    for claim in ledger.claims():
        assert "not yet run" not in claim.finding.reason, claim.id


# --- tables ------------------------------------------------------------------------------------------


def test_a_comparison_has_every_row_with_its_source(monkeypatch):
    rows = [row("agrees"), row("differs", "mnist (train, 9 inputs, sha256 0123456789ab): another", error=math.nan)]
    monkeypatch.setattr(tables, "required", lambda name: outcome(rows))
    made = tables.comparison("deep_linear")
    assert [each[1] for each in made.rows] == ["a row", "another"]
    assert [each[4] for each in made.rows] == ["agrees", "differs"]
    assert [str(each[3].error) for each in made.rows] == ["0.100000", "None"]
    assert {each[3].source.name for each in made.rows} == {"measurement"}
    assert "mnist (train, 9 inputs, sha256 0123456789ab)" in made.notes[0]


def test_a_long_comparison_has_the_rows_that_decide_claims_and_says_how_many_others_there_are(monkeypatch):
    rows = [row("agrees", claims="X-01" if at % 2 else "") for at in range(2 * tables.MOST)]
    monkeypatch.setattr(tables, "required", lambda name: outcome(rows))
    made = tables.comparison("deep_linear")
    assert len(made.rows) == tables.MOST
    assert f"{tables.MOST} more comparisons" in made.notes[-1]


@given(st.lists(st.sampled_from(VERDICTS), max_size=20))
def test_the_account_counts_verdicts(verdicts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "required", lambda name: outcome([row(verdict) for verdict in verdicts], name=name))
        made = tables.account()
    for line in made.rows:
        assert [int(cell.value) for cell in line[4:7]] == [verdicts.count(verdict) for verdict in VERDICTS]
        assert int(line[3].value) == 7


def test_checksums_are_left_out_of_words_and_nothing_else_is():
    assert bare("mnist (train, 50000 inputs, sha256 0123456789ab): he (8 layers)") == "mnist: he (8 layers)"
