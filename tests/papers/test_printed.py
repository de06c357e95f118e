"""The committed tables and figures are what the code derives today, and any difference is named."""

from __future__ import annotations

import json
import shutil

import pytest

from numerics.evidence import kept
from numerics.evidence.kept import keeping
from numerics.experiments import shattering
from papers import committed, figures, printed, references, tables
from papers.figures.random_walk import PICTURES
from papers.tables.gaps import shattering_gap
from papers.tables.initialisations import initialisation_factors

(GAIN,) = [picture for picture in PICTURES if picture.name == "random_walk_gain"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Two tables, one of them sampled, and a figure, printed into a folder with their evidence."""
    folder = tmp_path_factory.mktemp("printed")
    with pytest.MonkeyPatch.context() as patch:
        _small(patch, folder)
        committed.EVIDENCE.mkdir()
        with keeping(into=committed.EVIDENCE / committed.MEASUREMENTS):
            printed._write(lambda done, total, what: None)
    return folder


@pytest.fixture
def small(written, tmp_path, monkeypatch):
    """A copy of it that a test may spoil."""
    folder = shutil.copytree(written, tmp_path / "copy")
    _small(monkeypatch, folder)
    return folder / "printed"


def _small(patch, folder):
    patch.setattr(shattering, "DEPTHS", (1, 2))
    patch.setattr(committed, "EVIDENCE", folder / "evidence")
    patch.setattr(committed, "PRINTED", folder / "printed")
    for module, name, content in (
        (tables, "TABLES", {"initialisation_factors": initialisation_factors, "shattering_gap": shattering_gap}),
        (figures, "FIGURES", {GAIN.name: GAIN}),
    ):
        patch.setattr(module, name, content)
        patch.setattr(printed, name, content)


def test_what_was_just_printed_is_what_is_derived(small):
    assert printed.differences() == []


def test_a_changed_cell_is_named_with_both_values(small):
    path = small / "tables" / "shattering_gap.json"
    data = json.loads(path.read_text())
    data["rows"][1][3]["value"] = "0.3"
    path.write_text(json.dumps(data))
    (sentence,) = printed.differences()
    assert sentence.startswith("table shattering_gap, row 2 (")
    assert data["columns"][3] in sentence
    assert "0.3 in print" in sentence


@pytest.mark.parametrize("kind", ["tex", "md", "csv"])
def test_a_table_that_is_not_its_data_is_named(small, kind):
    path = small / "tables" / f"initialisation_factors.{kind}"
    path.write_text(path.read_text().replace("1", "2"))
    assert printed.differences() == [f"table initialisation_factors: initialisation_factors.{kind} is not its table"]


def test_a_changed_number_of_a_figure_is_named(small):
    path = small / "figures" / f"{GAIN.name}.json"
    data = json.loads(path.read_text())
    data["exact"][4] *= 1.001
    path.write_text(json.dumps(data))
    found = printed.differences()
    assert any(sentence.startswith(f"figure {GAIN.name}, data.exact[4]: ") for sentence in found)
    assert f"figure {GAIN.name}: {GAIN.name}.pdf was not drawn from {GAIN.name}.json" in found


def test_the_last_digit_of_floating_point_is_no_difference(small):
    assert not list(printed._unlike({"x": [1.0, "a"]}, {"x": [1.0 + 1e-10, "a"]}, "data"))
    assert list(printed._unlike({"x": [1.0]}, {"x": [1.0 + 1e-8]}, "data"))


def test_a_drawing_of_other_data_is_named(small):
    other = figures.Picture(GAIN.name, GAIN.caption, lambda: {**GAIN.data(), "fit": [1.0] * 1000}, GAIN.draw)
    genuine = (small / "figures" / f"{GAIN.name}.json").read_text()
    figures.save(other, small / "figures")
    (small / "figures" / f"{GAIN.name}.json").write_text(genuine)
    assert printed.differences() == [
        f"figure {GAIN.name}: {GAIN.name}.{kind} was not drawn from {GAIN.name}.json" for kind in ("pdf", "png")
    ]


def test_what_is_missing_and_what_nothing_writes_is_named(small):
    (small / "figures" / f"{GAIN.name}.png").unlink()
    (small / "tables" / "initialisation_factors.json").unlink()
    (small / "stray.tex").write_text("")
    found = printed.differences()
    assert "table initialisation_factors is not printed" in found
    assert f"figure {GAIN.name}: {GAIN.name}.png was not drawn from {GAIN.name}.json" in found
    assert "stray.tex belongs to no table or figure; remove it" in found


def test_stale_evidence_is_refused_and_nothing_is_drawn(small, monkeypatch):
    monkeypatch.setattr(kept, "code_of", lambda *modules: "changed")
    found = printed.differences()
    assert any(
        "shattering_gap" in sentence and "is stale: the code that measured it has changed" in sentence
        for sentence in found
    )


# --- the committed ones ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evidence():
    """The committed evidence alone: nothing is drawn."""
    with keeping(known=committed.committed(), draw=False):
        yield


@pytest.mark.parametrize("name", list(tables.TABLES))
def test_the_committed_table_is_what_is_derived_today(evidence, name):
    assert list(printed._of_table(name)) == []


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_the_committed_figure_is_what_is_derived_today(evidence, name):
    assert list(printed._of_figure(name)) == []


def test_nothing_else_is_committed():
    assert list(printed._strangers()) == []
    assert (committed.PRINTED / references.FILE).read_text() == references.bibtex()
