"""The ledger is complete, its verdicts are computed, and a claim that is changed a little is found out."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sympy as sp
from typer.testing import CliRunner

from papers.claims import ledger
from papers.claims.claim import NOTHING, Claim, Verdict
from papers.claims.contradictions import length_or_logarithm, residual_scales
from papers.command_line import app

FOLDER = Path(ledger.__file__).parent
SETTLERS = (
    *("claim", "idealisations", "formulas", "conditions", "accuracy", "numbers", "growth", "properties", "together"),
    *("experiments", "sampled_gaps"),  # the latter reads the verdicts of sampled evidence, which are other ones
)
CLAIM_FILES = [path for path in sorted(FOLDER.glob("*.py")) if path.stem not in SETTLERS]
CLAIMS = ledger.claims()
HOLD = (Verdict.CONFIRMED, Verdict.IDEALISED)
UNSETTLED = (Verdict.OPEN, Verdict.UNDECIDABLE)
CHANGE = sp.Rational(101, 100)
ALIKE = {  # changes that change nothing at equal lengths or widths, or that read past the last layer
    "G-14": "n_1 for n_0, v_1 for v_0",
    "H-01": "ell_1 for ell_0",
    "B-11": "the layer above the last",
}
BOUNDS = {"H-06": sp.Integer(2)}  # a bound that is not the best one stays true if it is changed by less: 1/2 for ln 2


# --- completeness ----------------------------------------------------------------------------------


def test_every_id_has_exactly_one_claim_in_order() -> None:
    assert tuple(claim.id for claim in CLAIMS) == ledger.IDS


def test_the_papers_have_as_many_ids_as_were_listed() -> None:
    counts = {letter: sum(id.startswith(letter) for id in ledger.IDS) for letter in "GSBHR"}
    assert counts == {"G": 21, "S": 14, "B": 20, "H": 13, "R": 11}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_says_what_is_claimed_and_its_finding_why(claim: Claim) -> None:
    finding = claim.finding
    assert claim.paper in ledger.PAPERS
    assert claim.mark in ("text", "second-hand", "recollected")
    for sentence in (claim.says, finding.reason):
        assert len(sentence.split()) >= 3
        assert "\n" not in sentence
    if finding.verdict in (*HOLD, Verdict.ACCURATE, Verdict.CORRECTED):
        trained = "comparison" in finding.reason and finding.evidence
        assert finding.theorems or trained, "nothing was held against it"
    if finding.verdict == Verdict.CORRECTED:
        assert finding.points or finding.derived is not None
    if finding.verdict == Verdict.IDEALISED:
        assert "without:" in finding.reason


# --- verdicts are computed -------------------------------------------------------------------------


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a file, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", CLAIM_FILES, ids=lambda path: path.stem)
def test_no_file_but_the_settlers_names_a_verdict(path: Path) -> None:
    words = {str(verdict) for verdict in Verdict}
    for line, text in strings(path):
        assert not words & set(text.replace(",", " ").replace(".", " ").lower().split()), f"{path.name}:{line}"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            assert not {"Verdict", "Finding"} & {alias.name for alias in node.names}, f"{path.name} imports a verdict"
        if isinstance(node, ast.Attribute):
            assert node.attr not in Verdict.__members__, f"{path.name}:{node.lineno}"


# --- a changed claim is found out ------------------------------------------------------------------


def changed(expr: sp.Basic, factor: sp.Rational = CHANGE) -> Iterator[sp.Basic]:
    """The expression with one numeric constant times the factor; whole indices and limits of sums changed by 1."""
    yield from _changed(expr, factor, whole=False)


def _changed(expr: sp.Basic, factor: sp.Rational, whole: bool) -> Iterator[sp.Basic]:
    if expr.is_Number and expr.is_finite and (whole or expr != 0):
        yield expr + 1 if whole else expr * factor
    for at, part in enumerate(expr.args):
        limits = isinstance(expr, (sp.Sum, sp.Product, sp.Integral)) and at > 0
        index = isinstance(expr, sp.Indexed) and at > 0
        for new in _changed(part, factor, whole or index or (limits and not isinstance(expr, sp.Integral))):
            args = [new if place == at else old for place, old in enumerate(expr.args)]
            yield expr.func(*args, evaluate=False) if isinstance(expr, sp.Rel) else expr.func(*args)


PRINTED = [claim for claim in CLAIMS if claim.printed != NOTHING]


@pytest.mark.parametrize("claim", PRINTED, ids=lambda claim: claim.id)
def test_changing_a_printed_constant_changes_the_finding(claim: Claim) -> None:
    before = claim.finding
    if before.verdict in UNSETTLED:
        pytest.skip("nothing was decided, so nothing can change")
    for other in changed(claim.printed, BOUNDS.get(claim.id, CHANGE)):
        if other == claim.printed:
            continue
        after = claim.settle(other)
        assert after != before, f"{other} is judged like {claim.printed}"
        if before.verdict in HOLD:
            assert after.verdict != before.verdict, f"{other} passes for {claim.printed}"
            assert after.verdict not in UNSETTLED or claim.id in ALIKE, f"{other} is told by no place"


# --- the command -----------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["claims", *words])
    return result.exit_code, result.stdout, result.stderr


def test_json_is_a_list_of_claims_with_verdicts_theorems_and_reasons() -> None:
    status, out, _ = run("--json")
    found = json.loads(out)
    assert status == 0
    assert [entry["id"] for entry in found] == [claim.id for claim in CLAIMS]
    for entry, claim in zip(found, CLAIMS, strict=True):
        assert {"id", "paper", "verdict", "theorem", "reason"} <= entry.keys()
        assert entry["verdict"] == claim.finding.verdict


def test_the_overview_counts_the_verdicts_of_each_paper() -> None:
    status, out, _ = run("sussillo2014")
    own = [claim for claim in CLAIMS if claim.paper == "sussillo2014"]
    assert status == 0
    assert f"sussillo2014: {len(own)} claims: " in out
    for claim in own:
        assert any(line.startswith(claim.id) and claim.finding.verdict in line for line in out.splitlines())


def test_one_claim_is_shown_with_what_was_printed_and_derived() -> None:
    status, out, _ = run("--id", "G-06")
    assert status == 0
    for part in ("G-06: corrected", "printed   g_{d}·∏_{r=i..d}", "derived   g_{d}·∏_{r=i+1..d}", "variance.backprop"):
        assert part in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--id", "g-06"], "there is no claim g-06; did you mean G-06"),
        (["glorot"], "there are no claims of glorot; did you mean glorot2010?"),
        (["sussillo2014", "--id", "G-05"], "G-05 is a claim of glorot2010, not of sussillo2014"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line_that_names_near_ones(words: list[str], said: str) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


# --- contradictions --------------------------------------------------------------------------------


def test_no_gain_keeps_both_the_mean_length_and_the_typical_one() -> None:
    for width, depth, of, gain, mean, typical in length_or_logarithm().rows:
        kept, other = (mean, typical) if of == "he2015" else (typical, mean)
        assert float(kept) == pytest.approx(1, abs=1e-5), (width, depth)  # six digits are shown
        assert float(mean) > float(typical), "Jensen's inequality"
        assert float(other) != 1
        assert float(gain) >= 1.41421


def test_without_normalisation_a_fixed_scale_is_exponential_and_a_bounded_sum_is_not() -> None:
    rows = residual_scales().rows
    fixed, summable = ([row for row in rows if (row[2] != "") is fixed] for fixed in (True, False))
    for kind in (3, 4):
        lengths = [float(row[kind]) for row in fixed]
        assert lengths[2] > lengths[1] ** 5, "ten times the modules, and still a power"
    assert all(float(entry) < 2 for row in summable for entry in row[3:])
    assert [float(row[2]) for row in fixed] == [1 + 0.01 * int(row[0]) for row in fixed]


def test_the_contradictions_are_shown_below_the_overview_of_all_papers_alone() -> None:
    assert "the mean of the squared length against the mean of its logarithm" in run()[1]
    assert "against" not in run("hanin2018start")[1].splitlines()[-1]
