"""Kept measurements: drawn once, read back exactly, refused when their code has changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from numerics.evidence import Evidence, kept
from numerics.evidence.journal import NotRecorded, lines
from numerics.evidence.kept import NotMeasured, keeping, measured, write_kept

DRAWN: list[tuple[object, ...]] = []  # the arguments of every call that drew


@dataclass(frozen=True)
class Point:
    place: float
    words: str | None


@measured
def spread(width: int, depth: int, scale: float = 1.0) -> tuple[Point, ...]:
    DRAWN.append((width, depth, scale))
    return tuple(Point(scale * at, None if at % 2 else f"at {at}") for at in range(width * depth))


@measured
def anything(value: float) -> float:
    DRAWN.append((value,))
    return value


@measured
def rows(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((3, 2))


@measured
def evidence(estimate: float) -> Evidence:
    return Evidence("undecided", "too few", estimate, math.nan, math.inf, 0.0, 1.0, 1e-7, 1e-3, 0.05, 3, 0, "", 0.5)


@pytest.fixture(autouse=True)
def _nothing_drawn():
    DRAWN.clear()


def test_what_was_measured_is_read_back_and_not_drawn_again(tmp_path):
    path = tmp_path / "kept.jsonl"
    with keeping(into=path):
        first = spread(2, 3)
    with keeping(known=[path], draw=False):
        assert spread(2, 3) == first
    assert DRAWN == [(2, 3, 1.0)]


def test_other_arguments_are_other_measurements(tmp_path):
    with keeping(into=tmp_path / "kept.jsonl"):
        spread(2, 3)
        spread(3, 2)
        spread(2, 3, scale=2.0)
    assert len(DRAWN) == 3


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_comes_back_as_it_was(tmp_path_factory, number):
    path = tmp_path_factory.mktemp("kept") / "kept.jsonl"
    with keeping(into=path):
        written = anything(number)
    with keeping(known=[path], draw=False):
        read = anything(number)
    assert read == written == number or all(map(math.isnan, (read, written, number)))


def test_arrays_and_evidence_come_back_as_they_were(tmp_path):
    path = tmp_path / "kept.jsonl"
    with keeping(into=path):
        drawn, found = rows(7), evidence(0.25)
    with keeping(known=[path], draw=False):
        np.testing.assert_array_equal(rows(7), drawn)
        again = evidence(0.25)
    assert repr(again) == repr(found)


def test_floats_that_differ_beyond_twelve_digits_are_one_argument():
    assert anything.label(0.1 + 0.2) == anything.label(0.3)
    assert anything.label(0.3 + 1e-9) != anything.label(0.3)


def test_a_measurement_of_other_code_is_stale_and_drawn_again_or_refused(tmp_path, monkeypatch):
    path = tmp_path / "kept.jsonl"
    with keeping(into=path):
        spread(1, 1)
    monkeypatch.setattr(kept, "code_of", lambda *modules: "another")
    with keeping(known=[path], draw=False) as shelf, pytest.raises(NotMeasured, match="is stale: the code"):
        spread(1, 1)
    assert shelf.stale == {spread.label(1, 1)}
    with keeping(into=path):
        spread(1, 1)
    assert len(DRAWN) == 2


def test_where_nothing_may_be_drawn_what_is_missing_is_named(tmp_path):
    with (
        keeping(known=[tmp_path / "none.jsonl"], draw=False),
        pytest.raises(NotMeasured, match=r"spread\(4, 4\) is missing"),
    ):
        spread(4, 4)
    assert spread.recall(4, 4) is None
    assert DRAWN == []


def test_a_changed_number_in_the_file_is_refused(tmp_path):
    path = tmp_path / "kept.jsonl"
    with keeping(into=path):
        anything(0.25)
    path.write_text(path.read_text().replace("0.25", "0.75"))
    with pytest.raises(NotRecorded), keeping(known=[path]):
        pass


def test_writing_what_is_wanted_drops_the_rest(tmp_path):
    path = tmp_path / "kept.jsonl"
    with keeping(into=path) as shelf:
        spread(1, 1)
        anything(2.0)
        wanted = shelf.used[anything.label(2.0)]
    write_kept(path, [wanted])
    assert [line["name"] for line in lines(path)] == [anything.label(2.0)]
    assert [file.name for file in tmp_path.iterdir()] == ["kept.jsonl"]


def test_after_the_block_the_shelf_before_it_is_back(tmp_path):
    with keeping(into=tmp_path / "kept.jsonl"):
        anything(11.0)
    assert anything.recall(11.0) is None


def test_the_code_is_the_module_and_what_it_imports_from_numerics(tmp_path, monkeypatch):
    """A planted module: its hash changes with its own source and with a module that it imports lazily, with no other."""
    package = tmp_path / "numerics_planted"
    sources = {
        "__init__": "", "top": "def f():\n    from numerics import statistics\n", "other": "x = 1\n"
    }  # fmt: skip
    package.mkdir()
    for name, source in sources.items():
        (package / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = kept.code_of.__wrapped__
    before, statistics = code("numerics_planted.top"), kept._source("numerics.statistics")
    (package / "other.py").write_text("x = 2\n")
    assert code("numerics_planted.top") == before
    (package / "top.py").write_text(sources["top"] + "# changed\n")
    assert code("numerics_planted.top") != before
    (package / "top.py").write_text(sources["top"])
    genuine = kept._source
    monkeypatch.setattr(
        kept, "_source", lambda name: f"{statistics}#" if name == "numerics.statistics" else genuine(name)
    )
    assert code("numerics_planted.top") != before


def test_no_measurement_of_the_experiments_calls_theory():
    """What a theorem contributes is an argument: otherwise another theory would be served with old evidence."""
    import ast

    folder = Path(kept.__file__).parents[1] / "experiments"
    found = 0
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(
                getattr(d, "id", "") == "measured" for d in node.decorator_list
            ):
                found += 1
                called = {getattr(call.func, "id", "") for call in ast.walk(node) if isinstance(call, ast.Call)}
                assert not called & {"function", "value", "claims", "wide"}, f"{path.name}: {node.name}"
    assert found > 5
