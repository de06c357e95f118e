"""A remembered verdict is the judges' own, or none: it never outlives a change of what it rests on."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from theory.probability.setting import DETERMINISTIC
from theory.proof import cache, library
from theory.proof.domains import Reals
from theory.proof.judges import Verdict
from theory.proof.rules import Rule, algebra
from theory.proof.theorem import DoesNotStand, Parameter, Step, Theorem

NAME = "variance.activation"
x = sp.Symbol("x")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A cache of its own for every test, which begins now: sources may be edited while tests run."""
    monkeypatch.setattr(cache, "_AT_START", cache._snapshot())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "initium" / "proofs"


@pytest.fixture
def own_library(monkeypatch):
    """A library that holds only what the test registers."""
    monkeypatch.setattr(library, "_theorems", {})
    monkeypatch.setattr(library, "_load", lambda: None)

    def register(name, *lines, uses=()):
        def builder(p):
            """A theorem of a test."""
            rule = replace(algebra, uses=uses)
            return p.calc(*(rule if part is algebra else part for part in lines))

        parameter = Parameter("x", Reals(0), x)
        return library.theorem(name, source="a test", parameters=(parameter,))(builder)

    return register


def files(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


# --- what is remembered ----------------------------------------------------------------------------


def test_what_was_judged_is_recalled_as_it_was(folder):
    theorem = library.find(NAME)
    judged = cache.record_of(theorem)
    assert cache.recall(NAME) == judged
    assert judged.steps == tuple(
        (j.step.name, str(j.verdict)) for d in theorem.derivations() for j in d.judgements
    )
    assert sum(judged.counts.values()) == len(judged.steps)
    proof = library.find("variance.forward_step")  # NAME's only lemma
    judgements = [j for t in (theorem, proof) for d in t.derivations() for j in d.judgements]
    assert dict(judged.assumptions) == {fact.name: fact.text for j in judgements for fact in j.used}
    assert set(judged.theorems) == {name for j in judgements for name in j.step.rule.uses}
    assert cache.verdict_of(theorem) == theorem.verdict


def test_what_is_remembered_is_not_judged_again(monkeypatch):
    theorem = library.find(NAME)
    judged = cache.record_of(theorem)
    monkeypatch.setattr(Step, "judge", lambda step: pytest.fail("judged again"))
    fresh = replace(theorem, _derivations={})
    monkeypatch.setitem(library._theorems, NAME, fresh)
    assert cache.record_of(fresh) == judged


def test_nothing_is_known_of_what_was_never_judged():
    assert cache.recall(NAME) is None
    assert cache.recall("no.such_theorem") is None


def test_a_theorem_is_no_stronger_than_what_it_uses(own_library):
    own_library("own.wrong", 2 * x, "=", x, algebra)
    user = own_library("own.user", x + x, "=", 2 * x, algebra, uses=("own.wrong",))
    assert cache.record_of(user).verdict == "refuted"
    assert cache.record_of(user).steps == (("1", "proved"),)
    assert cache.record_of(user).theorems == ("own.wrong",)


def test_citations_and_assumptions_come_from_everything_below(own_library, monkeypatch):
    lemma = own_library(
        "own.lemma", x, "=", x, Rule("a fact", lambda line, context: line, "cited", source="book")
    )
    own_library("own.guess", x, "=", x, Rule("a guess", lambda line, context: line, "assumed", source="hope"))
    user = own_library("own.user", x + x, "=", 2 * x, algebra, uses=("own.lemma", "own.guess"))
    record = cache.record_of(user)
    assert cache.record_of(lemma).verdict == "cited"
    assert (record.verdict, record.citations) == ("assumed", ("a fact (book)",))
    assert record.assumptions == (("a guess", "hope"),)


def test_a_circular_proof_does_not_stand(own_library):
    first = own_library("own.first", x, "=", x, algebra, uses=("own.second",))
    own_library("own.second", x, "=", x, algebra, uses=("own.first",))
    with pytest.raises(DoesNotStand, match=r"own\.first uses own\.second uses own\.first"):
        cache.record_of(first)


def test_a_theorem_without_steps_does_not_stand(own_library):
    with pytest.raises(DoesNotStand, match="no steps"):
        cache.recorded(own_library("own.empty", x, "=", x, algebra), [])


# --- what is never remembered ----------------------------------------------------------------------


def test_a_theorem_from_outside_is_judged_every_time(own_library, folder):
    theorem = own_library("own.square", (x + 1) ** 2, "=", x**2 + 2 * x + 1, algebra)
    assert cache.record_of(theorem).verdict == "proved"
    assert files(folder) == []


def test_another_theorem_of_a_known_name_is_not_believed():
    cache.record_of(library.find(NAME))

    def wrong(p):
        """Not what the name says."""
        return p.calc(2 * x, "=", x, algebra)

    impostor = Theorem(NAME, wrong, (), "nowhere", DETERMINISTIC, lambda values: None, {})
    assert cache.known(impostor) is None
    assert cache.verdict_of(impostor) == Verdict.REFUTED
    assert cache.known(replace(library.find(NAME), _derivations={})) is None  # not the library's own object
    assert cache.recall(NAME).verdict == str(library.find(NAME).verdict)  # and the impostor stored nothing


def test_nothing_is_stored_once_a_source_has_changed(monkeypatch, folder):
    key, stamps = cache._AT_START
    touched = tuple((name, time + (name == "proof/rules.py")) for name, time in stamps)
    monkeypatch.setattr(cache, "_AT_START", (key, touched))
    cache.record_of(library.find(NAME))
    assert files(folder) == []


# --- the key ---------------------------------------------------------------------------------------

ASK = f"""
import sys
from theory.proof import cache
assert cache.SOURCES.parent.samefile(sys.argv[1]), cache.SOURCES
if sys.argv[2] == "judge":
    from theory.proof.library import find
    cache.record_of(find("{NAME}"))
record = cache.recall("{NAME}")
print(record.verdict if record else "unknown")
"""


@pytest.fixture
def ask(tmp_path):
    """Ask a process of its own, over a copy of theory, what it knows."""
    root = tmp_path / "copy"
    shutil.copytree(cache.SOURCES, root / "theory", ignore=shutil.ignore_patterns("__pycache__"))

    def asked(what="recall"):
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", ASK, str(root), what]
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    asked.root = root / "theory"
    return asked


def test_no_verdict_outlives_a_change_of_a_step_a_rule_or_a_judge(ask):
    assert ask("judge") == "proved"
    assert ask() == "proved"
    for source in ("variance.py", "proof/rules.py", "proof/judges.py", "probability/models.py", "symbols.py"):
        path = ask.root / source
        content = path.read_text()
        path.write_text(content.replace("a", "b", 1))
        assert ask() == "unknown", source
        path.write_text(content)
        assert ask() == "proved", source
    (ask.root / "proof" / "new.py").write_text("")
    assert ask() == "unknown"


def test_the_key_names_the_versions_of_what_judges(monkeypatch):
    assert {"sympy", "python-flint"} <= set(cache.JUDGING)
    before = cache._snapshot()[0]
    assert before == cache._AT_START[0]
    for package in cache.JUDGING:
        monkeypatch.setattr(cache, "version", lambda name, p=package: "0" if name == p else "1")
        cache_key = cache._snapshot()[0]
        monkeypatch.setattr(cache, "version", lambda name: "1")
        assert cache_key != cache._snapshot()[0]
    monkeypatch.undo()
    monkeypatch.setattr(cache.platform, "python_version", lambda: "2.7")
    assert cache._snapshot()[0] != before


# --- damage ----------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # every example writes the file anew
@given(st.data())
def test_a_damaged_file_is_not_believed(folder, data):
    content = {
        "verdict": "proved",
        "steps": [["1", "proved"]],
        "assumptions": [],
        "citations": [],
        "theorems": [],
    }
    cache._write(NAME, content)
    (path,) = folder.rglob(f"{NAME}.json")
    good = path.read_bytes()
    start = data.draw(st.integers(0, len(good) - 1))
    end = data.draw(st.integers(start, len(good)))
    damaged = good[:start] + data.draw(st.binary(max_size=4)) + good[end:]
    path.write_bytes(damaged)
    found = cache.recall(NAME)
    if damaged == good:
        assert found == cache.Record("proved", (("1", "proved"),), (), (), ())
    else:
        assert found is None


def test_a_changed_word_with_an_old_checksum_is_not_believed():
    cache._write(NAME, {"verdict": "refuted"})
    assert cache._read(NAME) == {"verdict": "refuted"}
    path = cache._folder() / f"{NAME}.json"
    path.write_text(path.read_text().replace("refuted", "proved"))
    assert cache._read(NAME) is None


def test_a_cache_that_cannot_be_written_is_not_missed(tmp_path, monkeypatch, recwarn):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert cache.verdict_of(library.find(NAME)) == library.find(NAME).verdict
    assert cache.recall(NAME) is None
    assert not recwarn


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(folder, monkeypatch):
    cache._write(NAME, "old")

    def fail(*paths):
        raise OSError("disk full")

    monkeypatch.setattr(cache.os, "replace", fail)
    cache._write(NAME, "new")
    assert cache._read(NAME) == "old"
    assert files(folder) == [f"{NAME}.json"]


def test_only_the_newest_keys_are_kept(folder):
    for age in range(cache.KEPT + 4):
        (folder / f"key{age}").mkdir(parents=True)
        os.utime(folder / f"key{age}", (1000 - age, 1000 - age))
    cache._write(NAME, "newest")
    kept = {path.name for path in folder.iterdir()}
    assert kept == {cache._AT_START[0], *(f"key{age}" for age in range(cache.KEPT - 1))}


# --- the list --------------------------------------------------------------------------------------


def test_the_list_names_every_theorem_and_is_remembered():
    listed = cache.listing()
    assert [name for name, _, _ in listed] == [theorem.name for theorem in library.theorems()]
    assert cache.listing() == listed


def test_a_theorem_from_outside_is_not_in_the_remembered_list(monkeypatch, folder):
    monkeypatch.setattr(library, "_theorems", {each.name: each for each in library.theorems()})
    library.theorem("own.square", source="a test")(lambda p: None)
    shown = cache.listing()
    assert [name for name, _, _ in shown] == [each.name for each in library.theorems()]
    assert "own.square" not in {name for name, _, _ in shown}
    assert files(folder) != []
    assert cache.listing() == shown


def test_the_remembered_list_is_read_without_sympy(monkeypatch):
    ours = {e.name: e for e in library.theorems() if e.builder.__module__.startswith("theory.")}
    monkeypatch.setattr(library, "_theorems", ours)  # other test modules register theorems of their own
    cache.listing()
    asked = (
        "import sys; from theory.proof.cache import listing; print(len(listing()), 'sympy' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked], cwd=cache.SOURCES.parent, capture_output=True, text=True
    )
    assert found.stdout.split() == [str(len(library.theorems())), "False"], found.stderr
