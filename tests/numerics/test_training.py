"""Fleets: each network trains as it would alone, and a run that was interrupted ends as one that was not."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from numerics.ensembles import Affine, Inputs, Weights, dense, looks_linear
from numerics.ensembles.families import residual
from numerics.ensembles.strategies import seeds
from numerics.sampling import streams
from numerics.training import checkpoint, run
from numerics.training.checkpoint import NotSaved
from numerics.training.fleet import Fleet, Ship
from numerics.training.loop import Plan, Training, errors, losses, minibatches

CPU = torch.device("cpu")
WIDTHS = (5, 7, 6, 3)
HE, GLOROT = Weights("normal", 2, "fan_in"), Weights("uniform", 1, "fan_average")


def stream(*key):
    return streams.generator(CPU, *key)


def examples(seed, count=40, features=WIDTHS[0], classes=WIDTHS[-1]):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, features, generator=generator)
    return inputs, torch.randint(classes, (count,), generator=generator)


def network(weights, activation="tanh"):
    return dense(WIDTHS, weights, activation, last_activation=False, inputs=Inputs((WIDTHS[0],)))


def modules(fleet, at, activation=nn.Tanh):
    """One network of a dense fleet, as torch's own modules."""
    chain = []
    for weights, bias in zip(fleet.weights, fleet.biases, strict=True):
        linear = nn.Linear(*weights.shape[1:])
        with torch.no_grad():
            linear.weight.copy_(weights[at].T)
            linear.bias.copy_(bias[at, 0])
        chain += [linear, activation()]
    return nn.Sequential(*chain[:-1])


def trained(ships, plan, data, seed="run"):
    training = Training(Fleet(ships, CPU), plan)
    training.advance(minibatches(*data, 8, seed, stream), lambda fleet, step: losses(fleet, *data).tolist(), plan.steps)
    return training


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@settings(max_examples=10)
@given(seed=seeds())
def test_each_network_of_a_fleet_trains_as_torch_trains_it_alone(optimiser, seed):
    """The same minibatches, the same optimiser: parameters agree to the rounding of float32 over the steps."""
    data = examples(seed)
    plan = Plan(steps=5, rates=(0.1, 0.03), every=5, optimiser=optimiser)
    ships = [Ship(network(HE), f"{seed} one"), Ship(network(GLOROT), f"{seed} two")]
    alone = [modules(Fleet(ships, CPU), at) for at in range(2)]
    training = trained(ships, plan, data)
    batches = minibatches(*data, 8, "run", stream)
    for at, (model, rate) in enumerate(zip(alone, plan.rates, strict=True)):
        made = torch.optim.SGD if optimiser == "sgd" else torch.optim.Adam
        descent = made(model.parameters(), lr=rate)
        for step in range(plan.steps):
            inputs, labels = batches(step)
            descent.zero_grad()
            functional.cross_entropy(model(inputs), labels).backward()
            descent.step()
        for linear, weights in zip(model[::2], training.fleet.weights, strict=True):
            torch.testing.assert_close(linear.weight.T, weights[at], rtol=2e-4, atol=2e-5)  # 5 steps of float32 sums


@given(seed=seeds())
@settings(max_examples=10)
def test_a_network_does_not_depend_on_its_fleet(seed):
    data, plan = examples(seed), Plan(steps=4, rates=(0.1,), every=2)
    pair = Plan(steps=4, rates=(0.5, 0.1), every=2)
    ship, other = Ship(network(HE), f"{seed}"), Ship(network(GLOROT), f"{seed} other")
    alone, together = trained([ship], plan, data), trained([other, ship], pair, data)
    for one, two in zip(alone.fleet.weights, together.fleet.weights, strict=True):
        torch.testing.assert_close(one[0], two[1], rtol=1e-5, atol=1e-6)  # products of another shape round otherwise


def test_networks_of_one_seed_are_those_of_the_law_and_others_are_independent():
    """Variance of the drawn weights within 5 standard errors (of a normal law: sqrt(2/n)); no correlation likewise."""
    wide = dense((200, 200, 10), HE, "relu", last_activation=False)
    fleet = Fleet([Ship(wide, "a"), Ship(wide, "b"), Ship(wide, "a")], CPU)
    first = fleet.weights[0].detach().double()
    count = first[0].numel()
    assert abs(first[0].square().mean() * 100 - 1) < 5 * (2 / count) ** 0.5
    assert abs((first[0] * first[1]).mean() * 100) < 5 / count**0.5
    assert torch.equal(first[0], first[2])


def test_architectures_do_not_mix_but_laws_do():
    mirrored = looks_linear((4, 6, 3), HE)
    plain = dense((4, 6, 3), HE, "crelu", last_activation=False)
    assert Fleet([Ship(mirrored, "a"), Ship(plain, "b")], CPU).size == 2
    with pytest.raises(ValueError, match="one architecture"):
        Fleet([Ship(network(HE), "a"), Ship(network(HE, "relu"), "b")], CPU)
    with pytest.raises(ValueError, match="start at 0"):
        Fleet([Ship(dense((2, 2), HE, bias=Weights()), "a")], CPU)


def test_a_fleet_that_looks_linear_is_linear_at_first_and_its_halves_are_free_to_part():
    fleet = Fleet([Ship(looks_linear((4, 6, 6, 3), HE), "a")], CPU)
    inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    zero, outputs, doubled = (fleet.forward(x.unsqueeze(0))[-1] for x in (0 * inputs, inputs, -2 * inputs))
    torch.testing.assert_close(doubled, -2 * outputs, rtol=1e-4, atol=1e-5)  # float32
    assert not zero.any()
    assert fleet.weights[1].shape == (1, 12, 6)


def test_residual_modules_train_in_all_their_layers():
    fleet = Fleet([Ship(residual(5, (0.5, 0.5), "linear", hidden=3, inputs=Inputs((5,))), "a")], CPU)
    before = [w.detach().clone() for w in fleet.weights]
    training = Training(fleet, Plan(steps=1, rates=(0.1,), every=1))
    training.advance(lambda step: examples(3, classes=5), lambda fleet, step: 0, 1)
    assert len(before) == 4
    assert all((now != then).any() for now, then in zip(fleet.weights, before, strict=True))


def test_a_network_that_diverges_stops_and_leaves_the_others_alone():
    data = examples(0)
    ships = [Ship(network(HE, "relu"), f"seed {at}") for at in range(2)]
    both = trained(ships, Plan(steps=60, rates=(1e20, 0.1), every=20), data)
    alone = trained(ships[1:], Plan(steps=60, rates=(0.1,), every=20), data)
    assert both.alive.tolist() == [False, True]
    for one, two in zip(both.fleet.weights, alone.fleet.weights, strict=True):
        torch.testing.assert_close(one[1], two[0], rtol=1e-4, atol=1e-5)
    assert errors(both.fleet, *data)[0] == 1 or both.fleet.weights[0][0].isfinite().all()


def test_errors_count_wrong_answers():
    data = examples(5, count=101)
    fleet = Fleet([Ship(network(HE), f"{at}") for at in range(3)], CPU)
    expected = [(modules(fleet, at)(data[0]).argmax(1) != data[1]).float().mean().item() for at in range(3)]
    np.testing.assert_allclose(errors(fleet, *data, chunk=17).tolist(), expected, rtol=1e-6)


# --- resumption ------------------------------------------------------------------------------------


def same(one, two):
    assert one.history == two.history
    for a, b in zip(one.fleet.parameters, two.fleet.parameters, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@settings(max_examples=8)
@given(seed=seeds(), stop=st.integers(0, 12))
def test_a_resumed_run_is_bit_by_bit_the_uninterrupted_one(tmp_path_factory, optimiser, seed, stop):
    data, path = examples(seed), tmp_path_factory.mktemp("run") / "run.npz"
    plan = Plan(steps=12, rates=(0.1, 0.02), every=5, optimiser=optimiser, final_rate=0.1)
    ships = [Ship(network(HE), f"{seed} a"), Ship(network(HE), f"{seed} b")]
    whole = trained(ships, plan, data)
    batches, monitor = minibatches(*data, 8, "run", stream), lambda fleet, step: losses(fleet, *data).tolist()
    first = Training(Fleet(ships, CPU), plan)
    first.advance(batches, monitor, stop)
    checkpoint.save(path, "run", first.state())
    second = Training(Fleet(ships, CPU), plan)
    second.restore(checkpoint.load(path, "run", CPU))
    second.advance(batches, monitor, plan.steps)
    same(whole, second)


def killed_at(step, ships, plan, batches, monitor):
    """Leaves a checkpoint under the name "name"."""

    def batch(now):
        if now == step:
            raise KeyboardInterrupt
        return batches(now)

    with pytest.raises(KeyboardInterrupt):
        run.train(Training(Fleet(ships, CPU), plan), batch, monitor, "name")


def begun_at(ships, plan, batches, monitor, **conduct):
    """The step at which a run named "name" begins, and the run."""
    seen = []
    with run.conducted(lambda done, total, what: seen.append(done), **conduct):
        ended = run.train(Training(Fleet(ships, CPU), plan), batches, monitor, "name")
    return min(seen), ended


@pytest.fixture
def interruptible(tmp_path, monkeypatch):
    """Checkpoints at every look at the clock, in a folder of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(run, "EVERY", 0.0)
    data, plan = examples(1), Plan(steps=70, rates=(0.1,), every=10)
    monitor = lambda fleet, step: losses(fleet, *data).tolist()  # noqa: E731
    return [Ship(network(HE), "a")], plan, minibatches(*data, 8, "run", stream), monitor


def test_a_run_that_is_killed_goes_on_from_its_checkpoint(interruptible, tmp_path):
    ships, plan, _, _ = interruptible
    killed_at(50, *interruptible)
    assert len(list((tmp_path / "initium" / "checkpoints").iterdir())) == 1
    first, resumed = begun_at(*interruptible)
    assert first == 40
    same(trained(ships, plan, examples(1)), resumed)
    assert list((tmp_path / "initium" / "checkpoints").iterdir()) == []


def test_a_run_that_may_not_resume_begins_anew_and_ends_the_same(interruptible):
    killed_at(50, *interruptible)
    first, anew = begun_at(*interruptible, resume=False)
    assert first == 0
    same(trained(interruptible[0], interruptible[1], examples(1)), anew)


@pytest.mark.parametrize("changed", ["weights", "minibatches", "plan", "code"])
def test_a_checkpoint_of_other_weights_minibatches_plan_or_code_is_not_taken_up(interruptible, changed, monkeypatch):
    ships, plan, batches, monitor = interruptible
    killed_at(50, *interruptible)
    if changed == "weights":
        ships = [Ship(network(HE), "b")]
    elif changed == "minibatches":
        batches = minibatches(*examples(2), 8, "run", stream)
    elif changed == "plan":
        plan = replace(plan, rates=(0.2,))
    else:
        monkeypatch.setattr(run, "code_of", lambda *modules: "another")
    assert begun_at(ships, plan, batches, monitor)[0] == 0


def test_the_checkpoint_of_another_run_is_not_taken_up(tmp_path):
    path = tmp_path / "run.npz"
    checkpoint.save(path, "one", {"step": 3, "weights": [torch.ones(2)]})
    assert checkpoint.load(path, "two", CPU) is None
    assert checkpoint.load(tmp_path / "none.npz", "one", CPU) is None
    assert checkpoint.load(path, "one", CPU)["weights"][0].tolist() == [1, 1]


@given(cut=st.integers(0, 400), seed=seeds())
@settings(max_examples=20)
def test_a_damaged_checkpoint_is_refused_in_one_sentence(tmp_path_factory, cut, seed):
    path = tmp_path_factory.mktemp("run") / "run.npz"
    checkpoint.save(path, "one", {"weights": torch.randn(50, generator=torch.Generator().manual_seed(seed))})
    whole = path.read_bytes()
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    with pytest.raises(NotSaved) as refused:
        checkpoint.load(path, "one", CPU)
    assert "\n" not in str(refused.value)


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    checkpoint.save(path, "one", {"step": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotSaved, match="No space left on device"):
        checkpoint.save(path, "one", {"step": 2})
    assert checkpoint.load(path, "one", CPU) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_affine_is_what_the_fleet_multiplies_with():
    """The bias is added to every example's product: one network of one layer, by hand."""
    fleet = Fleet([Ship(dense((2, 3), HE), "a")], CPU)
    assert isinstance(fleet.layers[0], Affine)
    with torch.no_grad():
        fleet.biases[0].copy_(torch.tensor([[[1.0, 2.0, 3.0]]]))
    (out,) = fleet.forward(torch.eye(2).unsqueeze(0))
    torch.testing.assert_close(out[0], fleet.weights[0][0] + torch.tensor([1.0, 2.0, 3.0]))
