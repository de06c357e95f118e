"""A number in a table: how print rounds it with its error, and that JSON and CSV keep all of it."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import example, given
from hypothesis import strategies as st

from papers.table import ERROR_DIGITS, Column, Number, Source, Table, as_csv, as_data, as_json, as_markdown, rounded
from theory.proof.notation import latex, unicode
from theory.symbols import N

SOURCE = Source("variance.activation", "theorem", "0" * 64)
PLAIN = Column("")

values = st.decimals(-(10**6), 10**6, places=9)
errors = st.builds(lambda digits, power: Decimal(digits).scaleb(power), st.integers(1, 10**6), st.integers(-12, -3))


def number(value: str, error: str) -> str:
    return rounded(Number(Decimal(value), SOURCE, Decimal(error)), PLAIN)


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        *(("1.23412", "0.0056", "1.2341(56)"), ("1.23456", "0.056", "1.235(56)"), ("-0.4", "0.00123", "-0.4000(12)")),
        *(("5.678", "1.26", "5.7(13)"), ("123.4", "12.6", "123(13)"), ("1234.5", "123", "1234(120)")),
        # 9.96 is 10 to two digits, and so for 0.0996: the error gains a place before the point
        *(("3.14159", "9.96", "3(10)"), ("3.14159", "0.0996", "3.14(10)"), ("3.14159", "0.0994", "3.142(99)")),
        *(("0", "0.05", "0.000(50)"), ("2.50", "0", "2.50")),
    ],
)
def test_an_error_is_in_units_of_the_last_place_with_two_digits(value, error, shown):
    assert number(value, error) == shown


@given(values, errors)
@example(Decimal("1.5"), Decimal("9.96"))
@example(Decimal("1.5"), Decimal("0.996"))
@example(Decimal("-0.0004"), Decimal("0.95"))
def test_the_printed_interval_is_within_rounding_of_the_true_one(value, error):
    shown = re.fullmatch(r"(-?\d+)(?:\.(\d+))?\((\d+)\)", rounded(Number(value, SOURCE, error), PLAIN))
    assert shown
    unit = Fraction(1, 10 ** len(shown[2] or ""))
    centre = Fraction(f"{shown[1]}.{shown[2] or 0}")
    assert abs(centre - Fraction(value)) <= unit / 2
    # half a unit of the second digit, which may stand left of the last place of the value
    second = Fraction(10) ** (error.adjusted() - ERROR_DIGITS + 1)
    assert abs(int(shown[3]) * unit - Fraction(error)) <= second / 2
    assert len(shown[3].rstrip("0")) <= ERROR_DIGITS <= len(shown[3])


@given(values, st.integers(0, 6))
def test_an_error_of_zero_leaves_the_column_to_round(value, decimals):
    column = Column("", decimals=decimals)
    assert rounded(Number(value, SOURCE, Decimal(0)), column) == rounded(value, column)


# --- JSON and CSV ----------------------------------------------------------------------------------

cells = st.one_of(
    st.text(), values, st.builds(Number, values, st.just(SOURCE), st.none() | errors), st.sampled_from([1 / N, N**2, N])
)
tables = st.builds(
    lambda rows: Table("t", "caption", (Column("a"), Column("b", group="c")), tuple(rows), ("note",)),
    st.lists(st.tuples(cells, cells), max_size=4),
)


@given(tables)
def test_json_gives_back_every_digit_error_source_and_formula(table):
    data = json.loads(as_json(table))
    assert data == as_data(table)
    for row, read in zip(table.rows, data["rows"], strict=True):
        for cell, found in zip(row, read, strict=True):
            if isinstance(cell, Number):
                error = None if cell.error is None else Decimal(found["error"])
                about = data["sources"][found["source"]]
                assert Number(Decimal(found["value"]), Source(found["source"], about["kind"], about["hash"]), error) == cell
            elif isinstance(cell, sp.Basic):
                assert found == {"formula": unicode(cell), "latex": latex(cell)}
            else:
                assert type(cell)(found) == cell if isinstance(cell, Decimal) else found.split() == cell.split()


@given(tables)
def test_csv_has_one_column_of_errors_beside_each_sampled_column(table):
    heading, *rows = csv.reader(io.StringIO(as_csv(table)))
    sampled = [table.is_sampled(at) for at in range(2)]
    names = [["a", "a, standard error"], ["c, b", "c, b, standard error"]]
    assert heading == [name for both, two in zip(names, sampled, strict=True) for name in both[: 1 + two]]
    for row, read in zip(table.rows, rows, strict=True):
        parts = iter(read)
        for cell, two in zip(row, sampled, strict=True):
            value, error = next(parts), next(parts) if two else ""
            if isinstance(cell, Number):
                assert Decimal(value) == cell.value
                assert (Decimal(error) if error else None) == cell.error
            else:
                assert error == ""


def test_markdown_rounds_a_sampled_number_to_its_error():
    sampled = Number(Decimal("1.23456"), SOURCE, Decimal("0.0123"))
    assert "| 1.235(12) |" in as_markdown(Table("t", "c", (Column("a", decimals=5),), ((sampled,),), ()))
