"""The experiments by name; none is loaded before it is asked for.

An experiment is a module of ``experiments`` with

    Config, SIZES         every number that matters, in three sizes: s for seconds, m for minutes on two cores, full for
                          the paper's own size on a GPU
    predictions(config)   what the theorems say, before anything is run
    observe(config)       what is then drawn and trained; measured, and so kept (``numerics.evidence.kept``)
    compare(both)         one beside the other, in rows that say by which rule they agree or differ
"""

from __future__ import annotations

import ast
import difflib
from dataclasses import fields, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from numerics.evidence.kept import Measured
    from numerics.training.experiments.comparison import Row

NAMES = (
    "glorot_monitors",
    "glorot_table",
    "random_walk",
    "parameter_budget",
    "tanh_gain",
    "gradient_structure",
    "looks_linear",
    "start",
    "start_laws",
    "residual_start",
    "convolution_lengths",
    "deep_linear",
)
SIZES = ("s", "m", "full")
FEWEST = 3  # networks: fewer give no standard error worth the name


class Experiment(Protocol):
    """A module of ``experiments``."""

    SIZES: dict[str, Any]
    observe: Measured[[Any], Any]

    def predictions(self, config: Any) -> Any:
        """What the theorems say."""

    def compare(self, predicted: Any, observed: Any) -> tuple[Row, ...]:
        """One beside the other."""


class UnknownExperiment(ValueError):
    """There is no experiment, size or setting as asked for; the message is one sentence."""


def find(name: str) -> Experiment:
    """The experiment of that name; UnknownExperiment suggests near ones."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=3, cutoff=0.5)
        told = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(NAMES)}."
        raise UnknownExperiment(f"there is no experiment {name!r}; {told}")
    return cast(Experiment, import_module(_module(name)))


def title(name: str) -> str:
    """What is asked: the first line of the experiment's file, read without loading it."""
    spec = find_spec(_module(name))
    assert spec is not None
    assert spec.origin is not None
    told = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    assert told is not None
    return told.partition("\n")[0]


def config(name: str, size: str, device: str | None = None, networks: int | None = None) -> Any:
    """The settings of a size, on another device and with another number of networks if these are given.

    Raises UnknownExperiment for what there is not; ValueError and RuntimeError for devices that are not.
    """
    sizes = find(name).SIZES
    if size not in sizes:
        raise UnknownExperiment(f"there is no size {size!r}; the sizes are {', '.join(sizes)}.")
    found = _on(name, sizes[size], device)
    if networks is not None and networks < FEWEST:
        raise UnknownExperiment(f"{networks} networks tell nothing of how they vary; give at least {FEWEST}.")
    return found if networks is None else replace(found, networks=networks)


def _on(name: str, settings: Any, device: str | None) -> Any:
    from numerics.sampling import devices

    if any(field.name == "device" for field in fields(settings)):
        return replace(settings, device=devices.resolve(device or settings.device).type)
    if device is not None and devices.resolve(device).type != "cpu":
        raise UnknownExperiment(f"{name} runs on the CPU alone; leave the device out or give cpu.")
    return settings


def _module(name: str) -> str:
    return f"numerics.training.experiments.{name}"
