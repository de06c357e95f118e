"""`initium tables NAME`: one table, with the rows asked for, in any format; everything else is refused in one line."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from numerics.evaluate import value
from papers import tables
from papers.command_line import app
from papers.table import Column, Table, as_data, rounded
from papers.tables import TABLES, WRITERS
from papers.tables.choice import OPTIONS, options
from papers.tables.lengths import mean_lengths
from papers.tables.notes import DIGITS
from papers.tables_view import _set


def run(*words):
    return CliRunner().invoke(app, ["tables", *words])


def refused(*words):
    """The one line of a refusal."""
    result = run(*words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    return result.stderr


@pytest.mark.parametrize("kind", [None, *WRITERS])
def test_a_table_is_printed_in_any_format_and_as_markdown_into_a_pipe(kind):
    words = () if kind is None else ("--format", kind)
    assert run("mean_lengths", *words).stdout == WRITERS[kind or "md"](mean_lengths())


def test_json_is_the_data_of_the_table():
    assert json.loads(run("mean_lengths", "--json").stdout) == as_data(mean_lengths())


@given(st.lists(st.integers(1, 10**4), min_size=1, max_size=3))
@settings(max_examples=3)
def test_the_rows_are_those_of_the_widths_asked_for(widths):
    shown = run("random_walk_gains", "--widths", ",".join(map(str, widths)), "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert [int(row["N"]) for row in rows] == widths
    for row, width in zip(rows, widths, strict=True):
        (gain,) = (text for heading, text in row.items() if heading.endswith("S-07, exact"))
        assert Decimal(gain) == Decimal(value("random_walk.relu_gain", digits=DIGITS, N=width))


def test_several_options_are_taken_together():
    shown = run("failure_modes", "--widths", "7", "--depths", "2,3", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert {(row["N"], row["d"]) for row in rows} == {("7", "2"), ("7", "3")}


def test_every_option_is_a_keyword_with_a_default_so_that_each_table_can_be_had_without():
    found = {name: options(name) for name in TABLES}
    assert {name for name, has in found.items() if "widths" in has} >= {"random_walk_gains", "failure_modes"}
    assert all(set(has) <= OPTIONS.keys() for has in found.values())


def test_into_a_folder_the_table_is_written_in_every_format_or_the_one_named(tmp_path):
    written = run("mean_lengths", "--depths", "3", "--into", str(tmp_path)).stdout.split()
    assert sorted(written) == sorted(map(str, tmp_path.rglob("*.*")))
    assert {path.rpartition(".")[2] for path in written} == set(WRITERS)
    only = json.loads(run("mean_lengths", "--into", str(tmp_path / "one"), "--format", "tex", "--json").stdout)
    assert only == [str(tmp_path / "one" / "tables" / "mean_lengths.tex")]


# --- refusals --------------------------------------------------------------------------------------


def test_an_unknown_table_is_told_its_near_names_and_all_of_them():
    line = refused("random_walk_gian")
    assert "did you mean random_walk_gains" in line
    assert all(name in line for name in TABLES)
    assert "did you mean" not in refused("$x")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("random_walk_gains", "--depths", "3"), "the table random_walk_gains has no --depths; it has --widths"),
        (("failure_modes", "--betas", "1"), "the table failure_modes has no --betas; it has --widths and --depths"),
        (("activation_gains", "--widths", "3"), "the table activation_gains has no --widths; it has no rows to choose"),
        (("random_walk_gains", "--widths", "3,0"), "list of at least 1 values, each an integer >= 1, not 3,0"),
        (("random_walk_gains", "--widths", "3.5"), "each an integer >= 1, not 7/2"),
        (("random_walk_gains", "--widths", ""), "'' is not a number"),
        (("random_walk_gains", "--widths", "__import__('os')"), "is not a number"),
        (("initialisation_factors", "--widths", "3"), "widths must be a list of at least 2 values"),
        (("mean_lengths", "--format", "pdf"), "--format must be one of tex, csv, md, json, not pdf"),
        (("--widths", "3"), "--widths is for one table: name it"),
        (("--format", "csv"), "--format is for one table: name it"),
    ],
)
def test_what_a_table_does_not_have_is_refused_with_what_it_has(words, told):
    assert told in refused(*words)


def test_help_names_the_options_without_building_a_table(monkeypatch):
    monkeypatch.setattr(tables, "TABLES", None)
    shown = run("--help").stdout
    assert all(f"--{option}" in shown for option in (*OPTIONS, "format", "into", "json"))


# --- on a terminal ---------------------------------------------------------------------------------

cells = st.decimals(-(10**9), 10**9, places=6) | st.text("abcdefgh ", min_size=1, max_size=30)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=3), st.integers(40, 80))
@example([(Decimal("123456789.123456"),) * 3, ("a long word", "a" * 30, "b" * 30)], 40)
@settings(max_examples=20)
def test_no_cell_is_cut_short_on_a_terminal(rows, width):
    record = Table("t", "a caption", (Column("a"), Column("b"), Column("c")), tuple(rows), ("a note",))
    shown = io.StringIO()
    shown.isatty = lambda: True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", shown)
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")  # for one that is called dumb, Rich takes 80 columns
        _set(record)
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
    assert max(map(len, text.splitlines())) <= width
    said = [rounded(cell, Column("")) if isinstance(cell, Decimal) else cell for row in rows for cell in row]
    assert Counter("".join(text.split())) == Counter("".join("".join(["a caption", "abc", *said, "a note"]).split()))
