"""`pytest` on a theorem file checks its proofs, and leaves every other file alone."""

import re

import pytest

pytest_plugins = ["pytester"]

OWN = '''
import sympy as sp

from theory.proof.domains import Names, Reals
from theory.proof.library import theorem
from theory.proof.rules import algebra
from theory.proof.theorem import Parameter, Proof

x = sp.Symbol("x")
NUMBER = Parameter("x", Reals(0), x)
SIGN = Parameter("sign", Names(("plus", "minus")))


@theorem("own.square", source="nobody", parameters=(NUMBER,))
def square(p):
    """A square, written out."""
    return p.calc((x + 1)**2, "=", x**2 + 2*x + 1, algebra, "=", x*(x + 2) + 1, algebra)


@theorem("own.signed", source="nobody", parameters=(SIGN, NUMBER))
def signed(p, sign):
    """One proof for each sign."""
    s = 1 if sign == "plus" else -1
    return p.calc((x + s)**2, "=", x**2 + 2*s*x + 1, algebra)
'''
WRONG = '''

@theorem("own.wrong", source="nobody", parameters=(NUMBER,))
def wrong(p):
    """A factor 2 too much."""
    return p.calc((x + 1)**2, "=", 2*x**2 + 4*x + 2, algebra)
'''
BROKEN = '''

@theorem("own.broken", source="nobody")
def broken(p):
    """Never gets there."""
    raise ZeroDivisionError("the builder fell over")


@theorem("own.empty", source="nobody")
def empty(p):
    """Its chain is written on another blackboard: no step of its own."""
    return Proof("elsewhere", (), p.setting).calc(x, "=", x, algebra)
'''
USER = '''

@theorem("own.user", source="nobody", parameters=(NUMBER,))
def user(p):
    """Appeals to what is wrong."""
    from dataclasses import replace
    return p.calc(x + x, "=", 2*x, replace(algebra, uses=("own.wrong",)))
'''
SUMMARY = r"initium: (\d+) steps: .*"


@pytest.fixture
def project(pytester, monkeypatch):
    """An empty project whose library holds only what its own files register."""
    pytester.makeconftest("import theory.proof.library as library\nlibrary.SUBJECTS = ()\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def run(project, *words):
    return project.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:benchmark", "-W", "error", *words)


def names(result):
    """The items with their outcomes, printed by pytest behind the name and by xdist's workers before it."""
    alone = re.findall(r"^(\S+\.py::.*) (PASSED|FAILED)", result.stdout.str(), re.MULTILINE)
    workers = re.findall(r"^\[gw\d\] \[ *\d+%\] (\w+) (\S+\.py::.*)", result.stdout.str(), re.MULTILINE)
    return dict(alone) | {name.strip(): outcome for outcome, name in workers}


def test_every_step_of_a_file_named_on_the_command_line_is_an_item(project):
    project.makepyfile(mine=OWN)
    result = run(project, "-v", "mine.py")
    assert names(result) == {
        "mine.py::own.square::1 (algebra)": "PASSED",
        "mine.py::own.square::2 (algebra)": "PASSED",
        "mine.py::own.signed::plus:1 (algebra)": "PASSED",
        "mine.py::own.signed::minus:1 (algebra)": "PASSED",
    }
    assert result.ret == 0
    result.stdout.fnmatch_lines(["initium: 4 steps: 4 proved, 0 enclosed, 0 cited, 0 assumed"])


def test_a_failing_step_prints_both_sides_the_residual_the_judge_and_the_point(project):
    project.makepyfile(mine=OWN + WRONG)
    result = run(project, "mine.py")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "step 1 (algebra): refuted",
            "  left      (x + 1)²",
            "  =         2·x² + 4·x + 2",
            "  algebra   fails",
            "            residual -x*2 - 2*x - 1",
            "  enclosure fails",
            "            residual * = *",
            "            at x = *",
            "initium: 5 steps: 4 proved, 0 enclosed, 0 cited, 0 assumed, 1 refuted",
            "FAILED mine.py::own.wrong::1 (algebra)*",
        ],
        consecutive=False,
    )


def test_a_proof_that_cannot_be_built_or_has_no_steps_fails(project):
    project.makepyfile(mine=OWN + BROKEN)
    result = run(project, "-v", "mine.py")
    result.assert_outcomes(passed=4, failed=2)
    assert names(result)["mine.py::own.broken::build"] == "FAILED"
    assert names(result)["mine.py::own.empty::build"] == "FAILED"
    result.stdout.fnmatch_lines(["*the builder fell over", "*must return a chain that it wrote with calc"])


def test_a_step_that_appeals_to_a_wrong_theorem_fails(project):
    project.makepyfile(mine=OWN + WRONG + USER)
    result = run(project, "-v", "mine.py")
    result.assert_outcomes(passed=4, failed=2)
    assert names(result)["mine.py::own.user::1 (algebra)"] == "FAILED"
    result.stdout.fnmatch_lines(["*the step appeals to own.wrong, which does not stand"])


def test_files_of_a_package_are_collected_once_and_loose_files_only_when_named(project):
    project.mkpydir("subject")
    (project.path / "subject" / "squares.py").write_text(OWN)
    (project.path / "loose.py").write_text(OWN.replace("own.", "loose."))
    result = run(project, "-v", ".", "subject/squares.py", "subject")
    result.assert_outcomes(passed=4)
    assert all(name.startswith("subject/squares.py::own.") for name in names(result))
    run(project, "subject", "loose.py").assert_outcomes(passed=8)


def test_test_modules_and_other_files_are_left_to_pytest(project):
    project.makeconftest("")
    project.mkpydir("subject")
    (project.path / "subject" / "words.py").write_text('"""Speaks of @theorem( only."""\nraise RuntimeError')
    project.makepyfile(
        test_words=OWN.replace("import", "# import").replace("@theorem", "# \n@theorem") + "\n"
    )
    (project.path / "test_words.py").write_text(
        f'TEXT = """{OWN.replace(chr(34) * 3, "")}"""\n\n'
        "def test_nothing_of_initium_was_imported():\n"
        "    import sys\n"
        "    assert 'papers.pytest_plugin' in sys.modules\n"
        "    assert not {'sympy', 'theory', 'torch', 'numpy'} & sys.modules.keys()\n"
    )
    result = run(project, "test_words.py", "subject")
    result.assert_outcomes(passed=1)
    assert not re.search(SUMMARY, result.stdout.str())


def test_ids_and_summary_are_the_same_on_several_workers(project):
    project.makepyfile(mine=OWN + WRONG)
    alone, together = run(project, "-v", "mine.py"), run(project, "-v", "-n", "2", "mine.py")
    assert names(alone) == names(together)
    assert len(names(alone)) == 5
    together.assert_outcomes(passed=4, failed=1)
    assert re.search(SUMMARY, alone.stdout.str())[0] == re.search(SUMMARY, together.stdout.str())[0]


def test_one_step_can_be_run_alone_by_its_id(project):
    project.makepyfile(mine=OWN + WRONG)
    result = run(project, "mine.py::own.signed::minus:1 (algebra)")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["initium: 1 steps: 1 proved*"])


def test_two_files_of_one_name_are_told_apart_as_pytest_does(project):
    for folder in ("one", "two"):
        (project.path / folder).mkdir()
        (project.path / folder / "mine.py").write_text(OWN.replace("own.", f"{folder}."))
    result = run(project, "--import-mode=importlib", "one/mine.py", "two/mine.py")
    result.assert_outcomes(passed=8)


def test_a_file_that_cannot_be_imported_is_an_error(project):
    project.makepyfile(mine="import no_such_module\n" + OWN)
    result = run(project, "mine.py")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*No module named 'no_such_module'"])
