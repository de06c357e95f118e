"""The relations of case distinctions as operators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

RELATIONS: Mapping[type, Callable[[Any, Any], Any]] = {
    sp.StrictLessThan: operator.lt,
    sp.LessThan: operator.le,
    sp.StrictGreaterThan: operator.gt,
    sp.GreaterThan: operator.ge,
    sp.Equality: operator.eq,
    sp.Unequality: operator.ne,
}
