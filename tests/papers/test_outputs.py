"""Outputs: made once, made again only for a reason, and never taken for complete when they are not."""

from __future__ import annotations

import json

import pytest

from papers import outputs
from papers.files import write_text
from papers.outputs import MANIFEST, Output, Outputs


@pytest.fixture
def calls():
    return []


@pytest.fixture
def page(calls):
    """An output of two files that says when it is made."""

    def make(folder):
        calls.append(folder)
        return [write_text(folder / "pages" / name, name) for name in ("one.txt", "two.txt")]

    return Output("page", make)


def test_what_is_up_to_date_is_not_made_again(tmp_path, page, calls):
    first = Outputs(tmp_path).add(page)
    again = Outputs(tmp_path)
    assert again.add(page) == first == [tmp_path / "pages" / "one.txt", tmp_path / "pages" / "two.txt"]
    assert again.made == 0
    assert len(calls) == 1


@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_a_file_that_is_not_what_was_written_is_made_again(tmp_path, page, calls, damage):
    first, _ = Outputs(tmp_path).add(page)
    first.write_text("by hand") if damage == "changed" else first.unlink()
    Outputs(tmp_path).add(page)
    assert first.read_text() == "one.txt"
    assert len(calls) == 2


def test_a_change_of_the_sources_makes_all_again(tmp_path, page, calls, monkeypatch):
    Outputs(tmp_path).add(page)
    monkeypatch.setattr(outputs, "key", lambda: "another state of the sources")
    Outputs(tmp_path).add(page)
    assert len(calls) == 2


def test_a_change_of_a_file_that_is_read_makes_its_output_again(tmp_path, page, calls):
    read = tmp_path / "evidence"
    reading = Output(page.name, page.make, reads=(read,))
    for content in ("old", "old", "new"):
        read.write_text(content)
        Outputs(tmp_path).add(reading)
    assert len(calls) == 2


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"key": "x"}', '{"outputs": {}}'])
def test_a_damaged_manifest_is_no_manifest(tmp_path, page, calls, manifest):
    Outputs(tmp_path).add(page)
    (tmp_path / MANIFEST).write_text(manifest)
    Outputs(tmp_path).add(page)
    assert len(calls) == 2


def test_an_interrupted_run_keeps_what_was_complete(tmp_path, page, calls):
    def fail(folder):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        [Outputs(tmp_path).add(each) for each in (page, Output("second", fail))]
    assert list(json.loads((tmp_path / MANIFEST).read_text())["outputs"]) == ["page"]
    Outputs(tmp_path).add(page)
    assert len(calls) == 1


def test_the_key_changes_with_any_source_or_committed_evidence_and_not_with_what_is_made(tmp_path, monkeypatch):
    for name in (
        "theory/a.py",
        "papers/web/b.css",
        "papers/evidence/c.jsonl",
        "papers/printed/d.tex",
        "papers/build/e.py",
    ):
        write_text(tmp_path / name, "before")
    monkeypatch.setattr(outputs, "ROOT", tmp_path)
    key = outputs.key.__wrapped__
    before = key()
    for name, counts in (("papers/printed/d.tex", False), ("papers/build/e.py", False), ("theory/a.py", True)):
        write_text(tmp_path / name, "after")
        assert (key() != before) == counts, name
    for name in ("papers/web/b.css", "papers/evidence/c.jsonl"):
        before = key()
        write_text(tmp_path / name, "after")
        assert key() != before, name
