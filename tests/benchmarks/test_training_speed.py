"""What a step of training costs: networks of a fleet side by side against one after another.

`pytest tests/benchmarks/test_training_speed.py --benchmark-only`; the two cases of a parameter are of one run.
"""

from __future__ import annotations

import pytest
import torch

from numerics.ensembles import Weights, dense
from numerics.training.fleet import Fleet, Ship
from numerics.training.loop import Plan, Training

CPU, HE, NETWORKS, BATCH, CLASSES = torch.device("cpu"), Weights("normal", 2, "fan_in"), 24, 32, 10


@pytest.mark.parametrize("together", [True, False], ids=["side by side", "one after another"])
@pytest.mark.parametrize(("width", "depth"), [(16, 8), (64, 20), (64, 200)])
def test_one_step_of_all_networks(benchmark, width, depth, together):
    law = dense((784, *(width,) * depth, CLASSES), HE, "relu", last_activation=False)
    ships = [Ship(law, f"network {at}") for at in range(NETWORKS)]
    fleets = [Fleet(ships, CPU)] if together else [Fleet([ship], CPU) for ship in ships]
    trained = [Training(fleet, Plan(10**6, (1e-4,) * fleet.size, 10**6)) for fleet in fleets]
    inputs, labels = torch.randn(BATCH, 784), torch.randint(CLASSES, (BATCH,))

    def step() -> None:
        for each in trained:
            each.advance(lambda at: (inputs, labels), lambda fleet, at: None, each.step + 1)

    benchmark.pedantic(step, rounds=3, warmup_rounds=1)
