"""What a notebook shows of an object: a page of plain records, which `theory.proof.notebook` prints as HTML and as LaTeX.

Nothing is imported here, so that what draws samples can be shown without computer algebra having been loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Content: TypeAlias = Any  # words (str), a formula (sp.Basic), or a tuple of both that stand in a row
Relation = Literal["=", "<=", "<=>", "~"]


@dataclass(frozen=True)
class Line:
    """left `relation` right, because of `reason`; without a left side it continues the line above."""

    left: Any
    relation: Relation
    right: Any
    name: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Proof:
    """The lines of a proof; `unfolded` where they are to be seen without a click."""

    title: str
    lines: tuple[Line, ...]
    unfolded: bool


@dataclass(frozen=True)
class Facts:
    """What is known, each with its label."""

    rows: tuple[tuple[str, Content], ...]


@dataclass(frozen=True)
class Grid:
    """Headings and rows of cells; `numbers`: the columns to be aligned at the right."""

    headings: tuple[Content, ...]
    rows: tuple[tuple[Content, ...], ...]
    numbers: frozenset[int]


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    content: Content


Block: TypeAlias = Line | Proof | Facts | Grid | Words


@dataclass(frozen=True)
class Page:
    """A title and what stands below it."""

    title: str
    blocks: tuple[Block, ...] = ()


class Shown:
    """An object that a notebook shows by its page."""

    def __init_subclass__(cls) -> None:
        """IPython takes a class's own `__repr__` before what it inherits, so each class has its own of this."""
        super().__init_subclass__()
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _page(self) -> Page:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from theory.proof.notebook import as_html

        return as_html(self._page())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        from theory.proof.notebook import as_text

        printer.text(as_text(self._page()))

    def _repr_latex_(self) -> str:
        from theory.proof.notebook import as_latex

        return as_latex(self._page())
