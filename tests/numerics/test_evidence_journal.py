"""A journal loses nothing but the end of its last line, and names every line that was changed, moved or removed."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.evidence import journal
from numerics.evidence.journal import NotRecorded


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a journal of six lines."""
    path = tmp_path_factory.mktemp("whole") / "journal.jsonl"
    with journal.opened(path) as file:
        for number in range(6):
            file.append("line", number=number, content={"value": 1 / (number + 3), "words": ["a", "b"] * number})
    return path.read_bytes()


def use(path):
    with journal.opened(path) as file:
        file.append("line")


def test_a_journal_cut_at_any_byte_is_known_up_to_its_last_whole_line_and_goes_on_there(tmp_path):
    path = tmp_path / "journal.jsonl"
    with journal.opened(path) as file:
        for number in range(4):
            file.append("line", number=number)
    content, lines = path.read_bytes(), journal.lines(path)
    for cut in range(len(content) + 1):
        path.write_bytes(content[:cut])
        whole_lines = content[:cut].count(b"\n")
        assert journal.lines(path) == lines[:whole_lines], cut
        with journal.opened(path) as file:
            for number in range(whole_lines, 4):
                file.append("line", number=number)
        assert path.read_bytes() == content


def test_a_line_is_on_the_disk_before_the_program_goes_on(tmp_path, monkeypatch):
    told, write = [], os.write
    monkeypatch.setattr(os, "write", lambda file, line: (told.append(("write", file)), write(file, line))[1])
    monkeypatch.setattr(os, "fsync", lambda file: told.append(("fsync", file)))
    with journal.opened(tmp_path / "journal.jsonl") as file:
        for _ in range(3):
            file.append("line")
            assert [what for what, _ in told[-2:]] == ["write", "fsync"]
    assert len({file for _, file in told}) == 1


def test_what_a_long_unfinished_line_left_is_gone_after_a_shorter_one(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(journal.START + b"x" * 5000)
    with journal.opened(path) as file:
        file.append("short")
    assert path.read_bytes().endswith(b"\n")
    assert [line["kind"] for line in journal.lines(path)] == ["short"]


@settings(max_examples=200)
@given(place=st.integers(0), byte=st.integers(0, 255))
def test_a_changed_byte_is_named_with_its_line_or_lies_in_a_last_line_that_is_dropped(
    whole, tmp_path_factory, place, byte
):
    content = whole
    place %= len(content)
    changed = content[:place] + bytes([byte]) + content[place + 1 :]
    path = tmp_path_factory.mktemp("changed") / "record.jsonl"
    path.write_bytes(changed)
    number, last = content[:place].count(b"\n") + 1, content.count(b"\n")
    if changed == content:
        assert len(journal.lines(path)) == last
        return
    try:
        read, refusal = journal.lines(path), ""
    except NotRecorded as raised:
        read, refusal = [], str(raised)
    if refusal:
        assert f"line {number} of" in refusal or (number == 1 and "is not a record" in refusal)
    else:  # nothing that was changed is believed: the end is taken as never written
        assert number >= last - (content[place] == ord("\n"))
        assert read == [json.loads(line) for line in content.splitlines()][: number - 1]


@settings(max_examples=50)
@given(data=st.data())
def test_a_line_that_was_removed_moved_or_repeated_is_found(whole, tmp_path_factory, data):
    lines = whole.splitlines(keepends=True)
    first = data.draw(st.integers(0, len(lines) - 2))
    second = data.draw(st.integers(first + 1, len(lines) - 1))
    change = data.draw(st.sampled_from(["removed", "swapped", "repeated"]))
    changed = list(lines)
    if change == "removed":
        del changed[first]
    elif change == "swapped":
        changed[first], changed[second] = changed[second], changed[first]
    else:
        changed.insert(second, changed[first])
    path = tmp_path_factory.mktemp("moved") / "record.jsonl"
    path.write_bytes(b"".join(changed))
    for attempt in (journal.lines, use):
        with pytest.raises(
            NotRecorded, match=rf"line {second + 1 if change == 'repeated' else first + 1} of .* changed"
        ):
            attempt(path)
    assert path.read_bytes() == b"".join(changed)


@pytest.mark.parametrize("content", [b"notes\n", b"{}\n", b"x", b'{"a": 1}', b"[1]\n", b"\0" * 9, b'{"kind":"run"}\n'])
def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(NotRecorded, match="is not a record"):
        use(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("place", "said"),
    [("missing/record.jsonl", "No such file"), (".", "directory"), ("/dev/full", "not a regular file")],
)
def test_what_cannot_be_a_record_is_refused_in_one_sentence(tmp_path, place, said):
    with pytest.raises(NotRecorded, match=said):
        use(tmp_path / place)
    with pytest.raises(NotRecorded, match=r"cannot read|not a regular file"):
        journal.lines(tmp_path / place)
