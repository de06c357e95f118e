"""What the command line says, read exactly: 0.1 is 1/10, 3/7 is 3/7, lists are comma-separated.

Numbers are recognised by one regular expression and become fractions; no text is ever evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.proof.domains import Integers, Reals
    from theory.proof.theorem import Theorem

LONGEST = 1000  # characters of one number
LARGEST_EXPONENT = 1000  # of ten: larger numbers would fill the memory before any theorem could refuse them
SHOWN = 40  # characters of a refused text that its message repeats

_NUMBER = re.compile(r"([+-]?)(?:([0-9]+)/([0-9]+)|([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?)")


class BadUsage(ValueError):
    """The command line asks for something that cannot be; the message is one sentence."""


class NotHad(ArithmeticError):
    """What a good command line asks for does not hold or cannot be had; the message is one sentence."""


class NotANumber(ValueError):
    """A text is no number, or one too long to be meant."""


def number(text: str) -> Fraction:
    """The exact value of a decimal number, perhaps with an exponent, or of a fraction p/q.

    Raises NotANumber for anything else, and for what is too long to be meant.
    """
    parts = _NUMBER.fullmatch(text)
    if parts is None:
        raise NotANumber(f"{_shown(text)} is not a number; write it like 3, 0.1, 1e-3 or 3/7")
    if len(text) > LONGEST:
        raise NotANumber(f"{_shown(text)} is longer than {LONGEST} characters")
    sign, numerator, denominator, decimal, exponent = parts.groups()
    if abs(int(exponent or 0)) > LARGEST_EXPONENT:
        raise NotANumber(f"{_shown(text)} has an exponent beyond {LARGEST_EXPONENT}")
    if denominator is not None and int(denominator) == 0:
        raise NotANumber(f"{_shown(text)} divides by 0")
    size = Fraction(f"{numerator}/{denominator}") if denominator else Fraction(decimal)
    size *= Fraction(10) ** int(exponent or 0)
    return -size if sign == "-" else size


def rate(option: str, text: str) -> float:
    """An option's value as a number strictly between 0 and 1."""
    try:
        value = number(text)
    except NotANumber as refusal:
        raise BadUsage(f"{option} must be a number strictly between 0 and 1; {refusal}") from None
    if not 0 < value < 1:
        raise BadUsage(f"{option} must be a number strictly between 0 and 1, not {_shown(text)}")
    return float(value)


def parameters(theorem: Theorem, assignments: Sequence[str]) -> dict[str, Any]:
    """The values of K=V words, read as the domain of each parameter asks: a name, a number or a list.

    Raises BadUsage where a word has no '=', names a parameter twice, or has text where a number belongs.
    Whether the values lie in their domains is for `Theorem.bind` to say.
    """
    domains = {parameter.name: parameter.domain for parameter in theorem.parameters}
    given: dict[str, Any] = {}
    for word in assignments:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise BadUsage(f"{theorem.name}: {_shown(word)} is not of the form PARAMETER=VALUE")
        if name in given:
            raise BadUsage(f"{theorem.name}: the parameter {name} is given twice; give it once")
        given[name] = _value(theorem.name, name, domains.get(name), text)
    return given


def numbers(owner: str, parameter: str, of: Integers | Reals, text: str) -> tuple[Any, ...]:
    """A comma-separated list of exact numbers of one domain.

    Raises BadUsage where one is no number or outside the domain; owner: whose parameter it is, for the message.
    """
    from theory.proof.domains import Lists, OutOfDomain, checked

    domain = Lists(of)
    try:
        return tuple(checked(owner, parameter, domain, _value(owner, parameter, domain, text)))
    except OutOfDomain as refusal:
        raise BadUsage(str(refusal)) from None


def _value(owner: str, parameter: str, domain: Any, text: str) -> Any:
    from theory.proof.domains import Lists, Names

    if domain is None or isinstance(domain, Names):
        return text
    try:
        return tuple(number(item) for item in text.split(",")) if isinstance(domain, Lists) else number(text)
    except NotANumber as refusal:
        raise BadUsage(f"{owner}: {parameter} must be {domain.describe()}; {refusal}") from None


def exact(value: Any) -> str:
    """A bound value as text that reads back as the same value."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
