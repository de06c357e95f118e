"""One table by its name, with the rows that a reader's own paper needs.

What a table can be asked for are those keyword parameters of its builder that stand in `OPTIONS`.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping

from papers import arguments
from papers.arguments import BadUsage, NotHad
from papers.table import Table
from papers.tables import TABLES
from theory.proof.domains import Integers, OutOfDomain, Reals
from theory.proof.theorem import DoesNotStand

OPTIONS: dict[str, Integers | Reals] = {"widths": Integers(1), "depths": Integers(1), "betas": Reals(0, open_low=True)}


def built(name: str, asked: Mapping[str, str]) -> Table:
    """The table of a name for the lists of numbers asked for, each as text; its own where none is given.

    Raises BadUsage for an unknown name, for what the table has no rows for and for values outside their domains; NotHad
    where a theorem does not stand or has no value that can be computed.
    """
    _require_known(name)
    own = options(name)
    for option in asked:
        if option not in own:
            has = " and ".join(f"--{each}" for each in own) if own else "no rows to choose"
            raise BadUsage(f"the table {name} has no --{option}; it has {has}")
    given = {option: arguments.numbers(name, option, OPTIONS[option], text) for option, text in asked.items()}
    try:
        return TABLES[name](**given)
    except OutOfDomain as refusal:
        raise BadUsage(str(refusal)) from None
    except (DoesNotStand, ArithmeticError) as refusal:
        raise NotHad(str(refusal)) from None


def options(name: str) -> list[str]:
    """By what the rows of a table can be chosen."""
    return [each for each in inspect.signature(TABLES[name]).parameters if each in OPTIONS]


def _require_known(name: str) -> None:
    if name not in TABLES:
        near = difflib.get_close_matches(name, TABLES, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}" if near else ""
        raise BadUsage(f"there is no table {name}{hint}; the tables are {', '.join(TABLES)}")
