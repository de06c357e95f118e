"""Sampled tests share one error budget, cannot forget it, cannot exceed it, and are accounted for."""

import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.evidence import RUN_ALPHA
from papers.pytest_account import ROUNDED, Account, Sampled, Shares, Undeclared, record

pytest_plugins = ["pytester"]

HEAD = '''
import json
import os

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from numerics import evidence

SEEDS = st.integers(0, 2**63)


def normals(seed, mean=0.0, alpha=0.5, beta=1e-12):
    """Standard normals about a mean, held against a mean of 0; alpha is written down."""
    plan = evidence.plan(0.0, 1.0, shift=0.5, alpha=alpha, beta=beta)
    with open("rates", "a") as file:
        file.write(json.dumps([os.environ["PYTEST_CURRENT_TEST"].split()[0], alpha, beta]) + "\\\\n")
    return evidence.judge(plan, [np.random.default_rng(seed).normal(mean, 1, plan.networks)])
'''.replace("\\\\", "\\")
GOOD = '''
@pytest.mark.sampled
def test_once(sampled):
    found = sampled.agrees(lambda alpha: normals(1, alpha=alpha), detects=0.05)
    assert found.verdict == "agrees"


@pytest.mark.sampled(checks=2)
@settings(max_examples=5, derandomize=True)
@given(SEEDS)
@example(7)
@example(8)
def test_examples(sampled, seed):
    sampled.agrees(lambda alpha: normals(seed, alpha=alpha), detects=0.02)
    sampled.refutes(lambda beta: normals(seed, 0.5, beta=beta))


@pytest.mark.sampled
class TestClass:
    @pytest.mark.parametrize("seed", [1, 2])
    def test_several(self, sampled, seed):
        sampled.agrees(lambda alpha: [normals(seed, alpha=alpha / 2), normals(seed + 1, alpha=alpha / 2)])

    def test_own(self, sampled):
        """Of 1000 fair coins more than half, by the bound of Hoeffding, are not heads."""
        alpha = sampled.alpha(networks=1000)
        assert np.random.default_rng(3).binomial(1000, 0.5) <= 500 + (np.log(1 / alpha) * 500) ** 0.5
'''
REFUTED = """
@pytest.mark.sampled
@settings(max_examples=5, derandomize=True)
@given(SEEDS)
def test_wrong(sampled, seed):
    sampled.agrees(lambda alpha: normals(seed, 0.5, alpha=alpha))


@pytest.mark.sampled
def test_missed(sampled):
    sampled.refutes(lambda beta: normals(1, 0.0, beta=beta))


@pytest.mark.sampled(checks=2)
def test_undecided(sampled):
    sampled.agrees(lambda alpha: evidence.judge(evidence.plan(0, 1, shift=1, alpha=alpha, beta=0.1, budget=1), []))
"""


@pytest.fixture
def project(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


OPTIONS = ("-p", "no:cacheprovider", "-p", "no:benchmark", "-W", "error", "--strict-markers")


def run(project, *words):
    return project.runpytest_inprocess(*OPTIONS, *words)


def run_apart(project, *words):
    return project.runpytest_subprocess(*OPTIONS, *words)


def account(result):
    """The line of the summary without the words `initium: `."""
    (line,) = re.findall(r"^initium: (.* sampled checks.*)$", result.stdout.str(), re.MULTILINE)
    return line


def rates(project):
    """What the session handed out: test, alpha and beta, in a fixed order."""
    path = project.path / "rates"
    found = sorted(json.loads(line) for line in path.read_text().splitlines())
    path.unlink()
    return found


# --- shares ------------------------------------------------------------------------------------------------


def test_the_budget_is_divided_over_the_tests_of_the_session_and_their_examples_on_any_number_of_workers(project):
    project.makepyfile(test_it=HEAD + GOOD)
    alone = run_apart(project, "-p", "no:xdist")
    alone.assert_outcomes(passed=5)
    handed = rates(project)
    share = 1e-6 / 6  # once, twice, and three times one
    assert handed[0][1:] == [share / 2, 1e-12]  # pytest.mark.parametrize[1], its first half
    assert handed[-1] == ["test_it.py::test_once", share, 1e-12]
    examples = [entry[1:] for entry in handed if entry[0].endswith("test_examples")]
    assert sorted(examples) == sorted(7 * [[share / 7, 1e-12], [0.5, share / 7]])
    spent = math.fsum(beta if alpha == 0.5 else alpha for _, alpha, beta in handed) + share  # that of test_own
    assert spent == pytest.approx(1e-6, rel=len(handed) * 2**-52)  # a quotient or two each
    assert account(alone).startswith(
        "6 sampled checks: 5 agree, 0 refuted, 0 undecided; 1 wrong claims caught, 0 missed;"
    )
    assert account(alone).endswith(
        "; alpha spent 1e-06 of 1e-06; worst detectable relative error 5 % (test_it.py::test_once)"
    )
    for workers in ("1", "2"):
        together = run_apart(project, "-n", workers)
        together.assert_outcomes(passed=5)
        assert rates(project) == handed
        assert account(together) == account(alone)


def test_what_is_not_selected_has_no_share_and_the_total_can_be_set(project):
    project.makepyfile(test_it=HEAD + GOOD)
    project.makeini("[pytest]\ninitium_alpha = 1e-3")
    result = run(project, "-k", "test_once or test_several")
    assert [alpha for _, alpha, _ in rates(project)] == [1e-3 / 3 / 2] * 4 + [1e-3 / 3]
    assert "alpha spent 0.001 of 0.001" in account(result)


@pytest.mark.parametrize("written", ["0", "1", "nan", "much"])
def test_an_error_budget_that_is_no_error_rate_is_refused(project, written):
    result = run(project, "-o", f"initium_alpha={written}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*initium_alpha is an error rate strictly between 0 and 1, not '{written}'*"])


def test_the_default_is_that_of_a_run_of_checks(pytestconfig):
    assert float(pytestconfig._parser._inidict["initium_alpha"][2]) == RUN_ALPHA


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 50)), min_size=1, max_size=8), st.floats(1e-9, 0.5))
def test_all_that_can_be_taken_adds_up_to_the_total(tests, total):
    declared = sum(checks for checks, _ in tests)
    handed, records = [], []
    for name, (checks, examples) in enumerate(tests):
        shares = Shares(checks, total / declared)
        for _ in range(examples):
            shares.begin(examples)
            handed += [shares.take()[1] for _ in range(checks)]
            with pytest.raises(Undeclared, match=rf"sampled\(checks={checks + 1}\)"):
                shares.take()
        records.append((f"test {name}", record(shares, declared)))
    assert math.fsum(handed) <= total * ROUNDED
    read = Account.read(total, records)
    assert read.kept
    assert read.spent == pytest.approx(math.fsum(handed), rel=4 * 2**-52)  # four roundings
    assert not Account.read(total, [*records, records[0]]).kept


# --- what cannot be forgotten --------------------------------------------------------------------------------

FORGOTTEN = {
    "unmarked": (
        "def test_it(sampled): sampled.alpha(1)",
        "*only the body of a test marked @pytest.mark.sampled has a share*",
    ),
    "no evidence": (
        "@pytest.mark.sampled\ndef test_it(): pass",
        "*declared 1 sampled check(s), but recorded evidence for 0",
    ),
    "too few": (
        "@pytest.mark.sampled(checks=2)\ndef test_it(sampled): sampled.alpha(1)",
        "*declared 2 sampled check(s), but recorded evidence for 1",
    ),
    "too many": (
        "@pytest.mark.sampled\n@given(SEEDS)\ndef test_it(sampled, seed):\n"
        "    sampled.agrees(lambda alpha: normals(1, alpha=alpha))\n"
        "    sampled.agrees(lambda alpha: normals(2, alpha=alpha))",
        "*has taken the 1 share(s) of the error budget that it declared*@pytest.mark.sampled(checks=2)*",
    ),
    "no network": ("@pytest.mark.sampled\ndef test_it(sampled): sampled.agrees(lambda alpha: [])", "*drew no network"),
    "no draw": ("@pytest.mark.sampled\ndef test_it(sampled): sampled.alpha(networks=0)", "*drew no network"),
    "another alpha": (
        "@pytest.mark.sampled\ndef test_it(sampled): sampled.agrees(lambda alpha: normals(1, alpha=1e-5))",
        "*judged at alpha = 1e-05, but the share is 1e-06*",
    ),
    "another beta": (
        "@pytest.mark.sampled\ndef test_it(sampled): sampled.refutes(lambda beta: normals(1, 0.5, beta=1e-5))",
        "*judged at beta = 1e-05, but the share is 1e-06*",
    ),
    "swallowed": (
        "@pytest.mark.sampled\ndef test_it(sampled):\n    with pytest.raises(AssertionError):\n"
        "        sampled.agrees(lambda alpha: normals(1, 0.5, alpha=alpha))",
        "*went on after a check was refuted",
    ),
    "sampled, then rejected": (
        "@pytest.mark.sampled\n@settings(max_examples=5, derandomize=True)\n@given(SEEDS)\ndef test_it(sampled, seed):\n"
        "    sampled.agrees(lambda alpha: normals(seed, alpha=alpha))\n    assume(seed % 2)",
        "*reached verdicts in * examples, but its error rate was divided over 5*",
    ),
    "malformed": (
        "@pytest.mark.sampled(0)\ndef test_it(sampled): pass",
        "*the marker is written sampled or sampled(checks=N)*",
    ),
}


@pytest.mark.parametrize("case", FORGOTTEN)
def test_a_test_that_does_not_keep_to_its_share_fails(project, case):
    source, said = FORGOTTEN[case]
    project.makepyfile(HEAD + source)
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])


def test_a_share_ends_with_its_test(project):
    project.makepyfile(HEAD + GOOD + "\n\ndef test_unmarked(sampled): sampled.alpha(1)\n")
    result = run(project, "-k", "test_own or test_unmarked")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*only the body of a test marked @pytest.mark.sampled has a share*"])


def test_a_sampled_test_is_not_repeated_until_it_passes(project):
    project.makepyfile(HEAD + REFUTED)
    project.makeconftest(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    for _ in range(2):\n"
        "        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)\n"
        "        for report in runtestprotocol(item, nextitem=nextitem, log=False):\n"
        "            item.ihook.pytest_runtest_logreport(report=report)\n"
        "    return True\n"
    )
    result = run(project, "-k", "test_missed")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["a sampled test must not be repeated until it passes"])


# --- the account ---------------------------------------------------------------------------------------------


def test_checks_that_fail_show_in_the_account(project):
    project.makepyfile(test_it=HEAD + GOOD + REFUTED)
    alone = run_apart(project, "-p", "no:xdist")
    alone.assert_outcomes(passed=5, failed=3)
    expected = r"9 sampled checks: 5 agree, 1 refuted, 1 undecided; 1 wrong claims caught, 1 missed; [\d,]+ networks; "
    expected += r"alpha spent 9e-07 of 1e-06; 1 declared without evidence; worst detectable relative error 5 % \(.*\)"
    assert re.fullmatch(expected, account(alone))
    together = run_apart(project, "-n", "2")
    together.assert_outcomes(passed=5, failed=3)
    assert account(together) == account(alone)
    alone.stdout.fnmatch_lines(
        [
            "*the verdict is refuted, where agrees was expected: Evidence(*",
            "run alone with the error rates of this session: *",
        ]
    )


def test_a_failure_can_be_repeated_alone_at_the_rates_of_its_session(project):
    project.makepyfile(test_it=HEAD + GOOD + REFUTED)
    said = re.search(r"-o (initium_alpha=\S+)", run(project, "-k", "once or wrong or missed").stdout.str())
    first = [entry for entry in rates(project) if entry[0].endswith("wrong")]
    run(project, "test_it.py::test_wrong", "-o", said[1]).assert_outcomes(failed=1)
    assert rates(project) == first


def test_a_session_that_spends_its_budget_on_every_machine_fails(project):
    project.makepyfile(test_it=HEAD + GOOD)
    result = run_apart(project, "--dist", "each", "--tx", "2*popen")
    result.assert_outcomes(passed=10)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "alpha spent 2e-06 of 1e-06, MORE THAN ALLOWED: only 6 checks were declared" in account(result)


def test_a_session_without_samples_has_no_account(project):
    project.makepyfile("def test_it(): pass")
    result = run(project)
    result.assert_outcomes(passed=1)
    assert "initium:" not in result.stdout.str()


def test_outside_a_test_there_is_no_share():
    with pytest.raises(Undeclared, match="mark this test"):
        Sampled().alpha(1)


# --- Hypothesis ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "derandomized"), [("initium", True), ("initium-explore", False)])
def test_the_profiles_can_be_loaded_by_name_and_nothing_loads_hypothesis_unasked(project, profile, derandomized):
    project.makepyfile(
        test_it="import sys\n\ndef test_it():\n    assert 'hypothesis' not in sys.modules",
        test_profile="from hypothesis import settings\n\ndef test_it():\n"
        f"    assert settings().derandomize is {derandomized} and settings().deadline is None",
    )
    run_apart(project, "test_it.py").assert_outcomes(passed=1)
    run_apart(project, "test_profile.py", f"--hypothesis-profile={profile}").assert_outcomes(passed=1)


def test_the_readmes_sampled_test_runs_and_prints_that_account(project):
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    (source,) = (code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "mark.sampled" in code)
    (printed,) = re.findall(r"^initium: (.* sampled checks.*)$", readme, re.MULTILINE)
    project.makepyfile(test_mine=source)
    result = run(project, "--hypothesis-profile=initium")
    result.assert_outcomes(passed=1)
    assert account(result) == printed
    wrong = source.replace("check(2, alpha", "check(2.25, alpha")
    assert wrong != source
    project.makepyfile(test_mine=wrong)
    run_apart(project).assert_outcomes(failed=1)
