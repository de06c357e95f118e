"""A theorem's right-hand side as a Python function of its parameters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import sympy as sp
from mpmath import mp

from numerics.evaluate.arrays import Arrays, shape_of
from numerics.evaluate.floats import Floats
from numerics.evaluate.mpmath_backend import Digits, digits_of
from numerics.evaluate.quadrature import NotComputed
from numerics.evaluate.sharing import evaluate, require_known
from theory.proof.domains import Integers, OutOfDomain, Reals
from theory.proof.interpret import Backend
from theory.proof.library import find
from theory.proof.theorem import Theorem

BackendName = Literal["numpy", "torch", "mpmath"]
Scalars = Integers | Reals


def function(name: str, backend: BackendName = "numpy") -> Callable[..., Any]:
    """The theorem's value as a function of its parameters, given by name.

    numpy, torch: scalar parameters are numbers or arrays that broadcast; the result has their common shape,
    in float64 (a float, or a tensor on the parameters' device, where all are scalars).  Parameters over lists
    take one list. mpmath: scalars only; the result has mpmath's current number of digits (`mpmath.mp.dps`).
    An integral is accurate to about 1e-15 of that of its integrand's absolute value, sums to their rounding.
    The function raises OutOfDomain for the first entry outside its domain, and NotComputed where floating
    point cannot give the value.  Raises here: UnknownTheorem, DoesNotStand, and UnknownNode for a formula the
    backend cannot read (where a parameter chooses the formula, when it is chosen).  Source: the theorem's
    stable form.
    """
    theorem = find(name)
    if backend not in get_args(BackendName):
        raise ValueError(f"there is no backend {backend}; choose one of {', '.join(get_args(BackendName))}")

    @cache
    def expression(*chosen: str) -> sp.Basic:
        expr = theorem.value(*chosen, stable=True)
        require_known(expr, _arithmetic(backend, "cpu"))
        return expr

    if not theorem.choices:
        expression()

    def evaluated(**parameters: Any) -> Any:
        if backend == "mpmath":
            chosen, values = theorem.bind(parameters)
            return +digits_of(expression(*chosen), theorem.environment(values), mp.dps)
        chosen, values = _bind(theorem, parameters)
        return _on_arrays(expression(*chosen), theorem, values, backend)

    evaluated.__name__, evaluated.__doc__ = name, f"{theorem.summary} ({theorem.source}), by {backend}."
    return evaluated


@cache
def _arithmetic(backend: BackendName, device: Any) -> Backend:
    if backend == "numpy":
        return Floats()
    if backend == "mpmath":
        return Digits()
    from numerics.evaluate.torch_backend import Torch

    return Torch(device)


def _on_arrays(expr: sp.Basic, theorem: Theorem, values: Mapping[str, Any], backend: BackendName) -> Any:
    devices = {value.device for value in values.values() if _is_tensor(value)}
    if len(devices) > 1:
        raise ValueError(f"{theorem.name}: the parameters lie on several devices; move them to one")
    arithmetic = _arithmetic(backend, devices.pop() if devices else "cpu")
    assert isinstance(arithmetic, Arrays)
    env = theorem.environment({name: _as_float64(value, arithmetic) for name, value in values.items()})
    with arithmetic.working():  # overflow to infinity may be harmless; a value lost to it is found below
        result = evaluate(expr, env, arithmetic)
    found = arithmetic.concrete(result)
    if np.isnan(found).any():
        raise NotComputed(
            f"{theorem.name} overflows float64 at these parameters; ask for its value by ball arithmetic"
        )
    result = arithmetic.xp.broadcast_to(result.real if np.iscomplexobj(found) else result, shape_of(env))
    return result if backend == "torch" else float(result) if result.ndim == 0 else np.array(result)


def _as_float64(value: Any, arithmetic: Arrays) -> Any:
    if isinstance(value, (str, tuple)):
        return value
    if _is_tensor(value):
        return value.double() if arithmetic.name == "torch" else _entries(value).astype(float)
    return arithmetic.array(value.astype(float)) if isinstance(value, np.ndarray) else arithmetic.lift(value)


def _bind(theorem: Theorem, arguments: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Like `Theorem.bind`, for scalar parameters given as arrays, which are returned as they are."""
    domains = {p.name: p.domain for p in theorem.parameters if isinstance(p.domain, (Integers, Reals))}
    arrays = {
        name: value if _is_tensor(value) else np.asarray(value)
        for name, value in arguments.items()
        if name in domains and (_is_tensor(value) or isinstance(value, (np.ndarray, list, tuple, range)))
    }
    entries = {name: _entries(value) for name, value in arrays.items()}
    witnesses = {name: _witness(domains[name], array) for name, array in entries.items()}
    chosen, values = theorem.bind({**arguments, **witnesses})  # raises for an array's first bad entry
    _check_jointly(theorem, values, {name: (domains[name], array) for name, array in entries.items()})
    return chosen, {**values, **arrays}


def _check_jointly(
    theorem: Theorem, values: dict[str, Any], entries: dict[str, tuple[Scalars, np.ndarray]]
) -> None:
    """The theorem's condition on several parameters, at every point."""
    points = zip(
        *(array.ravel() for array in np.broadcast_arrays(*(array for _, array in entries.values()))),
        strict=True,
    )
    for point in points:
        exact = {
            name: int(entry) if isinstance(domain, Integers) else Fraction(entry)
            for (name, (domain, _)), entry in zip(entries.items(), point, strict=True)
        }
        complaint = theorem.constraint({**values, **exact})
        if complaint:
            raise OutOfDomain(f"{theorem.name}: {complaint}")


def _witness(domain: Scalars, array: np.ndarray) -> Any:
    """The first entry outside the domain, else the first entry."""
    if array.size == 0:
        return domain.samples()[0]
    bad = ~_inside(domain, array).ravel()
    witness = array.ravel()[np.argmax(bad)]
    return witness.item() if isinstance(witness, np.generic) else witness


def _inside(domain: Scalars, array: np.ndarray) -> np.ndarray:
    """Which entries the domain admits.  Those at a rounded end of it, and exotic types, are asked for one by
    one.
    """
    if array.dtype.kind not in "iuf":
        return np.array([_admits(domain, entry) for entry in array.ravel()], bool).reshape(array.shape)
    inside = np.isfinite(array)
    if isinstance(domain, Integers):
        inside &= np.floor(array) == array
    for end, beyond in ((domain.low, np.less), (domain.high, np.greater)):
        if end is not None:
            inside &= ~beyond(array, float(end))
            if not _admits(domain, float(end)):
                inside &= array != float(end)
    return inside


def _admits(domain: Scalars, entry: Any) -> bool:
    try:
        domain.check(entry)
    except ValueError:
        return False
    return True


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")  # who passes a tensor has imported torch
    return torch is not None and isinstance(value, torch.Tensor)


def _entries(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if _is_tensor(value) else value
