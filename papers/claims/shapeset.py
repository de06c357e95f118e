"""Shapeset-3x2: what a guess that ignores the image scores.

One or two objects, each alternative with probability 1/2, each object uniformly one of three shapes; the class is the set
of shapes, with the number of objects: nine classes.  An object that is dropped after 50 rejections is neglected.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import product

SHAPES = ("triangle", "parallelogram", "ellipse")


def class_prior() -> dict[tuple[str, ...], Fraction]:
    """The probability of each class, a sorted tuple of shapes."""
    prior: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for count in (1, 2):
        for shapes in product(SHAPES, repeat=count):
            prior[tuple(sorted(shapes))] += Fraction(1, 2 * len(SHAPES) ** count)
    return dict(prior)


def constant_guess() -> tuple[str, ...]:
    """The error of the best constant guess, in one sentence."""
    best = max(class_prior().values())
    return (f"on Shapeset-3x2 the best constant guess has {float(100 * (1 - best)):.2f} % errors: a class has prior {best}",)
