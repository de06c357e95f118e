"""Convolutions: the mean length with fan_in = channels times kernel size, and what zero padding takes away.

In one dimension, stride 1, with P positions, C channels and a kernel of K weights per channel,

    s_{k,p} = sum_c sum_q w_{k,c,q} y_{c,p+q-1},      p = 1..P,  q = 1..K,

where y is the incoming activation continued over the border. For weights of variance 2/(C K) the mean square of the
rectified output is the sum of all y_{c,p+q-1}^2 over C K P. Circular padding shows every entry K times, so the mean
length is kept exactly as in a dense layer. Zero padding shows entries near the border less often: with K = 3 the two
entries at the ends are seen twice, and a third of their squares is lost. (In two dimensions with 3 by 3 kernels an
edge is seen 6 times out of 9 and a corner 4 times: the uses multiply over the dimensions.) So with zero padding E M
is not kept by He's variance; it decays, at a rate that depends on how much of the length sits at the border.
Reference: hanin2018start, section 3 (convolutions as dense layers of fan-in features times kernel size).
Assumptions: symmetric independent weights of variance 2/(C K), no biases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy as sp

from theory.failure_modes.network import signed
from theory.failure_modes.rules import equal_terms, even_power, half_of_it, moments_of_the_law
from theory.probability.calculus import linearity
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Family, Instance, Law, Setting
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply
from theory.proof.theorem import Chain, Proof
from theory.symbols import k

filters, y = sp.IndexedBase("w"), sp.IndexedBase("y")  # w[out, in, place]; y[in, position], continued over the border
channels, kernel, positions, outputs = sp.symbols("C K P O", integer=True, positive=True)
c, p_, q = sp.symbols("c p q", integer=True, positive=True)
_fan_in = channels * kernel


def _weights(model: Enumeration) -> list[sp.Indexed]:
    sizes = [range(1, model.instance.values[size] + 1) for size in (outputs, channels, kernel)]
    return [filters[one, two, three] for one in sizes[0] for two in sizes[1] for three in sizes[2]]


SYMMETRIC_HE = Assumption(
    "symmetric filters of He's variance",
    "the weights are independent, symmetric about 0, and of variance 2/(channels times kernel size)",
    lambda model: all(
        model.evaluate(E(entry)) == 0 and model.evaluate(E(entry**2) * _fan_in - 2) == 0 for entry in _weights(model)
    ),
)


def _each_channel(
    test: Callable[[Callable[[int], sp.Indexed], int, int], Sequence[sp.Expr]],
) -> Callable[[Enumeration], bool]:
    """Whether expressions in the entries of every channel, of P positions and a kernel of K, are 0."""

    def holds(model: Enumeration) -> bool:
        values = model.instance.values
        return all(
            model.evaluate(expression) == 0
            for channel in range(1, values[channels] + 1)
            for expression in test(lambda at, channel=channel: y[channel, at], values[positions], values[kernel])  # type: ignore[misc]
        )

    return holds


CIRCULAR = Assumption(
    "circular padding",
    "beyond the last position the first ones follow: y_{c,P+t} = y_{c,t}",
    _each_channel(lambda at, last, size: [at(last + t) - at(t) for t in range(1, size)]),
)
ZERO_PADDING = Assumption(
    "zero padding, kernel size 3",
    "one 0 stands before the first and one after the last entry, and the kernel has 3 places",
    _each_channel(lambda at, last, size: [at(1), at(last + 2), sp.S(size - 3)]),
)

_family = Family(
    filters,
    span=lambda out, channel, place: (0, 0),
    independent=SYMMETRIC_HE,
    independent_entries=SYMMETRIC_HE,
    symmetric=SYMMETRIC_HE,
    identical=SYMMETRIC_HE,
    moment=lambda power, *indices: {1: sp.S.Zero, 2: 2 / _fan_in}[power],
)
_LAWS: dict[int, Law] = {1: signed((2, 1), zero=2), 2: signed((1, 1)), 3: signed((1, 1), zero=1)}  # variance 2/fan-in


def _instance(
    rows: tuple[tuple[int, ...], ...], size: int, out: int, padded: Callable[[tuple[int, ...], int], int]
) -> Instance:
    values = {channels: len(rows), kernel: size, positions: len(rows[0]), outputs: out}
    law = _LAWS[len(rows) * size]
    return Instance(values, {y: lambda channel, at: padded(rows[channel - 1], at)}, {filters: lambda *indices: law})


def _around(row: tuple[int, ...], at: int) -> int:
    return row[(at - 1) % len(row)]


def _zeros(row: tuple[int, ...], at: int) -> int:
    return row[at - 2] if 2 <= at <= len(row) + 1 else 0


circular = Setting(
    "convolution with circular padding",
    (_family,),
    instances=(
        _instance(((3, 1, 2),), 2, 2, _around),
        _instance(((3, 1, 2, 5),), 3, 1, _around),
        _instance(((3, 1), (2, 7)), 1, 2, _around),
    ),
)
zero_padded = Setting(
    "convolution with zero padding",
    (_family,),
    instances=(
        _instance(((3, 1, 2, 5),), 3, 1, _zeros),
        _instance(((3, 2),), 3, 2, _zeros),
        _instance(((4,),), 3, 1, _zeros),
    ),
)


def _sum_into(out: sp.Expr) -> sp.Sum:
    return sp.Sum(sp.Sum(filters[out, c, q] * y[c, p_ + q - 1], (q, 1, kernel)), (c, 1, channels))


_rectified = sp.Sum(sp.Sum(sp.Max(_sum_into(k), 0) ** 2, (p_, 1, positions)), (k, 1, outputs))
_seen = sp.Sum(sp.Sum(sp.Sum(y[c, p_ + q - 1] ** 2, (q, 1, kernel)), (c, 1, channels)), (p_, 1, positions))
_length = E(_rectified) / (outputs * positions)


def _windows(pr: Proof) -> Chain:
    """The mean length after the convolution as the squares that all windows see."""
    s = _sum_into(k)
    over = ((p_, 1, positions), (k, 1, outputs))
    unit = sp.Sum(sp.Sum(E((filters[k, c, q] * y[c, p_ + q - 1]) ** 2), (q, 1, kernel)), (c, 1, channels))

    def everywhere(body: sp.Expr) -> sp.Expr:
        return sp.Sum(sp.Sum(body, over[0]), over[1]) / (outputs * positions)

    return pr.calc(
        _length,
        *("=", everywhere(E(sp.Max(s, 0) ** 2)), linearity),
        *("=", everywhere(E(s**2) / 2), half_of_it),
        *("=", everywhere(unit / 2), even_power),
        *("=", _seen / (positions * channels * kernel), linearity & moments_of_the_law & equal_terms),
    )


def _granted(assumption: Assumption, value: sp.Expr, name: str) -> Rule:
    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(assumption):
            raise RuleDoesNotApply(f"'{assumption.name}' is not assumed")
        return line.xreplace({_seen: value})

    return Rule(name, derive)


@theorem("failure_modes.circular_convolution", source="hanin2018start, section 3", setting=circular)
def circular_convolution(pr: Proof) -> Chain:
    """With circular padding a convolution of He's variance keeps the mean length, like a dense layer of fan-in C K."""
    pr.assume(SYMMETRIC_HE, CIRCULAR)
    whole = sp.Sum(sp.Sum(y[c, p_] ** 2, (p_, 1, positions)), (c, 1, channels))
    start = _windows(pr)
    return start + pr.calc(
        start.right,
        *("=", whole / (positions * channels), _granted(CIRCULAR, kernel * whole, "every entry is seen K times")),
    )


@theorem("failure_modes.zero_padded_convolution", source="hanin2018start, section 3", setting=zero_padded)
def zero_padded_convolution(pr: Proof) -> Chain:
    """With zero padding and kernel size 3 a convolution of He's variance loses a third of the squares at both ends."""
    pr.assume(SYMMETRIC_HE, ZERO_PADDING)
    whole = sp.Sum(sp.Sum(y[c, p_ + 1] ** 2, (p_, 1, positions)), (c, 1, channels))
    ends = sp.Sum(y[c, 2] ** 2 + y[c, positions + 1] ** 2, (c, 1, channels))
    seen = "every entry is seen three times, those at the ends twice"
    start = _windows(pr)
    return start + pr.calc(
        start.right,
        *("=", (3 * whole - ends) / (positions * channels * kernel), _granted(ZERO_PADDING, 3 * whole - ends, seen)),
    )
