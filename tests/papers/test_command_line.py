"""The command line says what the theory says, exactly, and refuses everything else in one line."""

import dataclasses
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from numerics.checks.mutation import Resolution
from numerics.checks.specimens import Outcome
from numerics.evidence.journal import NotRecorded
from papers import arguments, terminal
from papers.command_line import app
from theory.probability.setting import Instance, Setting
from theory.proof import cache, library
from theory.proof.domains import Integers, Lists, Names, Reals
from theory.proof.rules import Rule, algebra
from theory.proof.theorem import DoesNotStand, Parameter, Step

x, a = sp.Symbol("x"), sp.IndexedBase("a")
NUMBER = Parameter("x", Reals(0), x)
REAL = "variance.activation"  # a theorem of theory itself: only those are remembered
VALUES = ("widths=3,4,5", "weight_variances=1/3,0.25", "input_variance=1e-3", "layer=2")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the user's cache; it begins now, as sources may be edited while tests run."""
    monkeypatch.setattr(cache, "_AT_START", cache._snapshot())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def registered(monkeypatch):
    """A library of four theorems: a right one, a wrong one, a statement, and one that cannot be built."""
    monkeypatch.setattr(library, "_theorems", {})
    monkeypatch.setattr(library, "_load", lambda: None)

    @library.theorem("own.square", source="a test", parameters=(NUMBER,))
    def square(p):
        """A square, written out."""
        return p.calc((x + 1) ** 2, "=", x**2 + 2 * x + 1, algebra)

    @library.theorem("own.wrong", source="a test", parameters=(NUMBER,))
    def wrong(p):
        """A factor 2 too much."""
        return p.calc((x + 1) ** 2, "=", 2 * x**2 + 4 * x + 2, algebra)

    @library.theorem("own.bound", source="a test", parameters=(NUMBER,))
    def bound(p):
        """A statement."""
        return p.calc(x, "<=", x + 1, Rule("one more", lambda line, context: line + 1, relation="<="))

    @library.theorem("own.broken", source="a test", parameters=(NUMBER,))
    def broken(p):
        """Never gets there."""
        raise ZeroDivisionError("the builder\nfell over")

    entries = Parameter("a", Lists(Integers(1), shortest=2), a)
    kind = Parameter("kind", Names(("plus", "minus")), None, "plus")

    small = Setting("two numbers", instances=(Instance({x: 3}, {a: (5, 7).__getitem__}),))

    @library.theorem("own.sum", source="a test", parameters=(kind, entries, NUMBER), setting=small)
    def total(p, sign):
        """Two entries, and x with a sign."""
        s = 1 if sign == "plus" else -1
        return p.calc(a[0] + s * x + a[1], "=", a[0] + a[1] + s * x, algebra)


def run(*words):
    return CliRunner().invoke(app, list(words))


def refused(*words, status=2):
    """The one line of a refusal; nothing else may be printed, and no exception may escape."""
    result = run(*words)
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("initium: ")
    assert "Traceback" not in result.stderr
    return result.stderr


def process(*words):
    """The command as a user runs it."""
    command = [sys.executable, "-c", "from papers.command_line import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cache.SOURCES.parent)


# --- numbers ---------------------------------------------------------------------------------------


@given(st.fractions(), st.integers(-30, 30))
def test_numbers_are_read_exactly(q, exponent):
    assert arguments.number(f"{q.numerator}/{q.denominator}") == q
    assert arguments.number(f"{q.numerator}e{exponent}") == q.numerator * Fraction(10) ** exponent


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_decimals_are_fractions_not_floats(q):
    assert arguments.number(str(q)) == Fraction(str(q))


@given(st.text(alphabet="0123456789.eE+-/_ x٣", max_size=12))
@example("0.1")
@example(".5")
@example("3.")
@example("+1e-3")
@example("1/0")
def test_what_is_read_as_a_number_is_that_number(text):
    try:
        value = arguments.number(text)
    except arguments.NotANumber:
        try:
            plain = Fraction(text)
        except (ValueError, ZeroDivisionError):
            return
        # Python reads a little more: spaces around, underscores, digits of other scripts, huge exponents
        unusual = text != text.strip() or "_" in text or "٣" in text
        assert (
            unusual or abs(plain) >= 10**arguments.LARGEST_EXPONENT or 0 < abs(plain) < Fraction(1, 10**900)
        )
    else:
        assert value == Fraction(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "1+1",
        "nan",
        "inf",
        "-inf",
        "1e999999999",
        "1e-999999999",
        "9" * 5000,
        "1/0",
        "0x10",
        "",
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(arguments.NotANumber):
        arguments.number(text)


# --- eval ------------------------------------------------------------------------------------------


def test_eval_prints_the_value_alone():
    result = run("eval", REAL, *VALUES)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "0.001\n", "")


def test_eval_json_is_one_object_of_strings():
    result = run("eval", REAL, *VALUES, "--json", "--digits", "30", "--enclose")
    found = json.loads(result.stdout)
    widths, variances = [3, 4], [Fraction(1, 3), Fraction(1, 4)]
    truth = Fraction(1, 1000) * widths[0] * variances[0] * widths[1] * variances[1]
    assert found["theorem"] == REAL
    assert found["parameters"] == {
        "widths": "3,4,5", "weight_variances": "1/3,1/4", "input_variance": "1/1000", "layer": "2",
    }  # fmt: skip
    assert (found["digits"], found["verdict"]) == (30, "proved")
    assert Fraction(found["value"]) == truth
    assert abs(Fraction(found["midpoint"]) - truth) <= Fraction(found["radius"])


def test_eval_without_enclose_gives_no_enclosure():
    assert not {"midpoint", "radius"} & json.loads(run("eval", REAL, *VALUES, "--json").stdout).keys()


def test_eval_enclose_prints_midpoint_and_radius(registered):
    result = run("eval", "own.square", "x=1/3", "--enclose", "--digits", "20")
    midpoint, sign, radius = result.stdout.split()
    assert sign == "±"
    assert abs(Fraction(midpoint) - Fraction(16, 9)) <= Fraction(radius) < Fraction(1, 10**19)


def test_eval_reads_each_parameter_as_its_domain_asks(registered):
    assert run("eval", "own.sum", "a=1,2", "x=0.5").stdout == "3.5\n"
    assert run("eval", "own.sum", "kind=minus", "a=1,2", "x=0.5").stdout == "2.5\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a=1,2", "x=-1"], "own.sum: x must be a number >= 0, not -1"),
        (["x=spam"], "own.sum: x must be a number >= 0; 'spam' is not a number"),
        (["x=__import__('os')"], "\"__import__('os')\" is not a number"),
        (["x=1e999999999"], "'1e999999999' has an exponent beyond 1000"),
        (["x=" + "7" * 3000], "is longer than 1000 characters"),
        (["a=1", "x=1"], "own.sum: a must be a list of at least 2 values, each an integer >= 1, not 1"),
        (
            ["a=1,2.5", "x=1"],
            "own.sum: a must be a list of at least 2 values, each an integer >= 1, not 1,5/2",
        ),
        (["a=1,,2", "x=1"], "'' is not a number"),
        (["a=1,2"], "own.sum: the parameter x is missing; give a number >= 0"),
        (["a=1,2", "x=1", "y=1"], "own.sum: there is no parameter y; its parameters are: kind, a, x"),
        (["a=1,2", "x=1", "x=2"], "own.sum: the parameter x is given twice"),
        (["a=1,2", "x=1", "kind=times"], "own.sum: kind must be one of plus, minus, not times"),
        (
            ["a=1,2", "x=1", "kind=ti\nmes\x1b[31m"],
            "own.sum: kind must be one of plus, minus, not ti mes?[31m",
        ),
        (["x"], "own.sum: 'x' is not of the form PARAMETER=VALUE"),
    ],
)
def test_eval_refuses_in_one_line_that_names_parameter_and_domain(registered, words, said):
    assert said in refused("eval", "own.sum", *words)


def test_eval_of_a_statement_points_to_show(registered):
    assert "own.bound is a statement without a value; see 'initium show own.bound'" in refused(
        "eval", "own.bound", "x=1"
    )
    library.theorem("own.free", source="a test")(lambda p: p.calc(x + x, "=", 2 * x, algebra))
    assert "statement without a value" in refused("eval", "own.free")  # an equation, but x is no parameter


def test_eval_of_what_does_not_stand_gives_no_value(registered):
    assert "own.wrong does not stand: refuted" in refused("eval", "own.wrong", "x=1", status=1)


def test_an_unknown_theorem_suggests_near_names(registered):
    for command in ("eval", "show", "check", "axioms"):
        assert "there is no theorem own.sqare; did you mean own.square" in refused(command, "own.sqare")


@pytest.mark.parametrize(
    "words",
    [
        ["lst"], ["list", "--colour"], ["eval"], ["eval", "own.square", "--digits", "0"],
        ["eval", "own.square", "--digits", "1001"], ["eval", "own.square", "--digits", "many"], ["mutate", "--budget", "0"],
        ["mutate", "--alpha", "1"], ["mutate", "--device", "tpu"],
        ["verify", "--alpha", "0"], ["verify", "--detect", "1"], ["verify", "--alpha", "nan"],
        ["verify", "--device", "tpu"], ["verify", "--budget", "0"],
    ],
)  # fmt: skip
def test_bad_usage_is_one_line_and_status_2(registered, words):
    refused(*words)


# --- check, show, axioms, list ---------------------------------------------------------------------


def test_check_passes_what_holds(registered):
    result = run("check", "own.square", "own.bound")
    assert result.exit_code == 0
    assert "2 theorems, 2 steps: 2 proved" in result.stdout


def test_check_prints_a_failing_step_with_sides_residual_judge_and_point(registered):
    result = run("check", "own.square", "own.wrong")
    assert result.exit_code == 1
    shown = result.stdout[result.stdout.index("own.wrong, step 1 (algebra): refuted") :]
    assert "left      (x + 1)²" in shown
    assert "=         2·x² + 4·x + 2" in shown
    assert "algebra   fails" in shown
    assert "residual -x**2 - 2*x - 1" in shown
    assert "enclosure fails" in shown
    assert "at x = " in shown
    assert "own.square, step" not in result.stdout


def test_a_proof_that_cannot_be_built_fails(registered):
    result = run("check", "own.square", "own.broken", "--json")
    found = {entry["theorem"]: entry for entry in json.loads(result.stdout)["theorems"]}
    assert result.exit_code == 1
    assert found["own.broken"]["verdict"] == "not built"
    assert "ZeroDivisionError: the builder" in found["own.broken"]["failures"][0]
    assert found["own.square"]["stands"]
    assert "cannot be judged: ZeroDivisionError: the builder fell over" in refused(
        "show", "own.broken", status=1
    )


def test_check_json_counts_steps_by_verdict(registered):
    found = json.loads(run("check", "--json", "own.square", "own.wrong", "own.wrong").stdout)
    assert found["steps"] == {"proved": 1, "refuted": 1}
    assert [entry["theorem"] for entry in found["theorems"]] == ["own.square", "own.wrong"]


def test_list_does_not_guess_and_check_tells_it():
    def verdicts():
        return {entry["theorem"]: entry["verdict"] for entry in json.loads(run("list", "--json").stdout)}

    before = verdicts()
    assert before.keys() == {theorem.name for theorem in library.theorems()}
    assert set(before.values()) == {"unchecked"}
    assert run("check", REAL).exit_code == 0
    after = verdicts()
    assert after[REAL] == "proved"
    judged = {REAL, *cache.recall(REAL).theorems}
    assert {name for name, verdict in after.items() if verdict != "unchecked"} == judged
    line = next(line for line in run("list").stdout.splitlines() if line.startswith(REAL))
    assert "proved" in line
    assert "linear regime" in line


def test_check_judges_afresh_unless_told_to_believe(monkeypatch):
    assert run("check", REAL).exit_code == 0
    monkeypatch.setattr(Step, "judge", lambda step: (_ for _ in ()).throw(RuntimeError("judged")))
    assert run("check", REAL, "--cached").exit_code == 0
    assert "RuntimeError: judged" in run("check", REAL).stdout


def test_an_interrupted_check_leaves_cleanly_and_keeps_what_it_judged(monkeypatch):
    judge = Step.judge
    second = "variance.backpropagated"
    library.find(REAL)
    steps = library.find(second).derivation().steps

    def interrupted(step):
        if any(step is other for other in steps):
            raise KeyboardInterrupt
        return judge(step)

    monkeypatch.setattr(Step, "judge", interrupted)
    assert "interrupted" in refused("check", REAL, second, status=130)
    assert cache.recall(REAL).verdict == "proved"
    assert cache.recall(second) is None


def test_show_says_the_same_in_text_and_json(registered):
    text, data = run("show", "own.square").stdout, json.loads(run("show", "own.square", "--json").stdout)
    (proof,) = data["proofs"]
    assert (proof["statement"]["left"], proof["steps"][0]["verdict"]) == ("(x + 1)²", "proved")
    assert proof["statement"]["left"] in text
    assert data["parameters"] == {"x": "a number >= 0"}
    assert r"\left(x + 1\right)^{2} &= x^{2} + 2 x + 1" in run("show", "own.square", "--latex").stdout
    assert "own.wrong: refuted" in run("show", "own.wrong").stdout


def test_axioms_say_the_same_in_text_and_json():
    assert json.loads(run("axioms", REAL, "--json").stdout)["assumptions"].keys() == {
        line.strip().split(": ")[0] for line in run("axioms", REAL).stdout.splitlines() if ": " in line
    } - {REAL}


# --- verify, mutate, tables ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a sampled check reports, as `numerics.evidence.Evidence` does."""

    verdict: str
    reason: str = ""
    estimate: float = 1.0
    standard_error: float = 0.1
    z_score: float = float("nan")
    shift: float = 0.2
    alpha: float = 1e-8
    beta: float = 1e-3
    networks: int = 10
    excluded: int = 0
    seconds: float = 0.5
    kind: str = "mean"


@dataclasses.dataclass(frozen=True)
class Found:
    """A check that was run, as `numerics.checks.Result`."""

    theorem: str
    evidence: Reading
    parameters: dict = dataclasses.field(default_factory=lambda: {"N": "3"})
    quantity: str = "ln of a norm"
    expected: float = 1.0


def backend(monkeypatch, name, **functions):
    module = ModuleType(name)
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(("second", "status"), [("agrees", 0), ("refuted", 1), ("undecided", 1)])
def test_verify_passes_exact_rates_on_and_fails_unless_all_agree(registered, monkeypatch, second, status):
    asked = []

    def verify(names, *, device, alpha, beta, detect, budget, record, progress):
        asked.append((names, device, alpha, beta, detect, budget, record))
        progress(1, 2, names[0])
        return [Found("first", Reading("agrees")), Found("second", Reading(second, reason="why"))]

    backend(monkeypatch, "numerics.checks", verify=verify, unsampled=lambda: {"own.square": "a limit"})
    result = run("verify", "own.square", "--device", "cpu", "--alpha", "1/8", "--detect", "1e-2", "--json")
    assert asked == [(["own.square"], "cpu", 0.125, 0.001, 0.01, 10**7, None)]
    assert result.exit_code == status
    found = json.loads(result.stdout)
    assert [(entry["theorem"], entry["verdict"]) for entry in found["checks"]] == [
        ("first", "agrees"),
        ("second", second),
    ]
    assert found["checks"][0]["z_score"] is None
    assert found["not_sampled"] == {"own.square": "a limit"}
    assert "record" not in found
    shown = run("verify", "own.square").stdout
    assert "second: why" in shown
    assert "own.square: not sampled: a limit" in shown
    assert "agrees     first N=3: ln of a norm\n           expected 1, found 1 ± 0.1;" in shown
    assert "; detects 0.2 (mean) except with 0.001; 10 networks, 0.50 s\n" in shown
    kept = run("verify", "own.square", "--record", "kept.jsonl", "--beta", "0.01", "--json")
    assert asked[-1][3::3] == (0.01, Path("kept.jsonl"))
    assert json.loads(kept.stdout)["record"] == "kept.jsonl"


@pytest.mark.parametrize("width", [80, 120])
def test_the_lines_of_a_check_fit_the_terminal(monkeypatch, capsys, width):
    monkeypatch.setattr(terminal.shutil, "get_terminal_size", lambda: SimpleNamespace(columns=width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    terminal.print_evidence([Found("variance.activation", Reading("agrees"), quantity="many words " * 20)], {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= width


def test_verify_fails_where_a_theorem_does_not_stand(registered, monkeypatch):
    def verify(names, **rates):
        raise DoesNotStand("own.square does not stand")

    backend(monkeypatch, "numerics.checks", verify=verify, unsampled=dict)
    result = run("verify", "own.square")
    assert result.exit_code == 1
    assert "own.square does not stand" in result.stderr


def test_verify_says_in_one_line_that_a_record_cannot_be_used(registered, monkeypatch):
    def verify(names, **rates):
        raise NotRecorded("kept.jsonl is in use by another run")

    backend(monkeypatch, "numerics.checks", verify=verify, unsampled=dict)
    result = run("verify", "own.square", "--record", "kept.jsonl")
    assert result.exit_code == 1
    assert "kept.jsonl is in use by another run" in result.stderr


def test_verify_says_in_one_line_that_a_device_is_not_there(registered, monkeypatch):
    def verify(names, **rates):
        raise RuntimeError("no CUDA device was found; use --device cpu")

    backend(monkeypatch, "numerics.checks", verify=verify, unsampled=dict)
    result = run("verify", "own.square", "--device", "cuda")
    assert result.exit_code == 2
    assert "no CUDA device was found" in result.stderr


@pytest.mark.parametrize(("rejected", "survivors", "status"), [(5, [], 0), (4, ["a sign in step 1"], 1)])
def test_mutate_fails_if_a_mutant_survives(registered, monkeypatch, rejected, survivors, status):
    account = SimpleNamespace(mutants=5, rejected=rejected, survivors=survivors)
    backend(monkeypatch, "theory.proof.mutants", account=lambda theorem: account)
    result = run("mutate", "--proofs", "own.square")
    assert result.exit_code == status
    assert f"{rejected} of 5 mutants rejected" in result.stdout
    assert all(survivor in result.stdout for survivor in survivors)
    assert json.loads(run("mutate", "--proofs", "own.square", "--json").stdout)[0]["rejected"] == rejected


OUTCOMES = (
    Outcome("2 → 101/50 in 2·x", "killed", 0.0125, {"N": "3"}, networks=1000),
    Outcome("1 → 2 in x", "survived", 0.5, {"N": "4"}, reason="no check at parameters where it matters"),
    Outcome("without 1", "below", 0.002, {"N": "5"}),
    Outcome("without 2", "no value", None, {}),
)


@pytest.mark.parametrize(
    ("outcomes", "controls", "status"),
    [(OUTCOMES[:1], (), 0), (OUTCOMES[::2], (), 0), (OUTCOMES, (), 1), (OUTCOMES[:1], ("own: refuted",), 1)],
)
def test_mutate_tries_formulas_and_fails_if_one_survives_or_a_check_refutes_the_formula_itself(
    registered, monkeypatch, tmp_path, outcomes, controls, status
):
    asked = []

    def mutate(names, *, device, alpha, budget, progress):
        asked.append((names, device, alpha, budget))
        progress(1, 2, names[0])
        return [Resolution("own.square", outcomes, controls)]

    monkeypatch.setattr("numerics.checks.mutation.mutate", mutate)
    monkeypatch.setattr("numerics.checks.unsampled", lambda: {"own.bound": "a bound"})
    words = ("mutate", "own.square", "own.bound", "--device", "cpu", "--alpha", "1/8", "--into", str(tmp_path))
    result = run(*words, "--json")
    assert asked == [(["own.square", "own.bound"], "cpu", 0.125, 4 * 10**7)]
    assert result.exit_code == status
    found = json.loads(result.stdout)
    (entry,) = found["theorems"]
    assert (entry["holds"], entry["killed"], entry["resolution"]) == (status == 0, 1, 0.0125)
    assert [mutant["change"] for mutant in entry["mutants"]] == [outcome.change for outcome in outcomes]
    assert found["not_sampled"] == {"own.bound": "a bound"}
    assert {path.suffix for path in (tmp_path / "tables").iterdir()} == {".tex", ".csv", ".md", ".json"}
    shown = run(*words).stdout
    survivors = sum(outcome.fate == "survived" for outcome in outcomes)
    assert f"1 of {1 + survivors} mutants that matter were refuted" in shown
    assert all(outcome.change in shown for outcome in outcomes if outcome.fate != "killed")
    assert all(failure in shown for failure in controls)
    assert "1.25 %" in shown


@pytest.mark.parametrize(("raised", "status"), [(DoesNotStand, 1), (RuntimeError, 2)])
def test_mutate_says_in_one_line_why_it_cannot(registered, monkeypatch, raised, status):
    def mutate(names, **rates):
        raise raised("the reason")

    monkeypatch.setattr("numerics.checks.mutation.mutate", mutate)
    assert "the reason" in refused("mutate", "own.square", status=status)


def test_tables_writes_tables_and_figures_into_the_folder_and_names_them(monkeypatch, tmp_path):
    for module, name in (("tables", "table.tex"), ("figures", "figure.pdf")):
        made = SimpleNamespace(write=lambda folder, progress, name=name: [folder / name])
        monkeypatch.setattr(f"papers.{module}", made, raising=False)
        monkeypatch.setitem(sys.modules, f"papers.{module}", made)
    names = run("tables", "--into", str(tmp_path)).stdout.splitlines()
    assert names == [str(tmp_path / "table.tex"), str(tmp_path / "figure.pdf")]
    assert json.loads(run("tables", "--json").stdout)[0] == str(Path("papers/build/table.tex"))


@pytest.mark.parametrize("status", [0, 1])
def test_report_prints_its_summary_and_fails_unless_all_holds(monkeypatch, tmp_path, status):
    found = SimpleNamespace(holds=not status, status=status, paths=[tmp_path], summary=lambda: "one screen")
    backend(monkeypatch, "papers.report", write=lambda folder, progress: found)
    result = run("report", "--into", str(tmp_path))
    assert (result.exit_code, result.stdout) == (status, "one screen\n")
    assert json.loads(run("report", "--json").stdout)["holds"] is not bool(status)


# --- as a process ----------------------------------------------------------------------------------


def test_help_imports_no_heavy_library():
    heavy = "{'sympy', 'torch', 'matplotlib', 'numpy', 'scipy', 'flint', 'rich'}"
    code = f"""
import sys
from papers.command_line import app
app(['--help'], standalone_mode=False)
print('imported:', sorted({heavy} & sys.modules.keys()))
"""
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cache.SOURCES.parent
    )
    assert shown.stdout.splitlines()[-1] == "imported: []", shown.stderr
    assert all(command in shown.stdout for command in ("list", "show", "check", "axioms", "eval", "verify"))
    assert "completion" not in shown.stdout


def test_the_command_itself_answers_and_refuses():
    assert process("--version").stdout.startswith("initium ")
    assert process().stdout.startswith("Usage: initium ")
    good = process("eval", REAL, *VALUES)
    assert (good.returncode, good.stdout, good.stderr) == (0, "0.001\n", "")
    bad = process("eval", REAL, "widths=__import__('os')", *VALUES[1:])
    assert (bad.returncode, bad.stdout, bad.stderr.count("\n")) == (2, "", 1)
    assert "is not a number" in bad.stderr
