"""Walks of lengths have the law of real networks, forward and backward, however a run is cut.

Laws are compared by the inequality of Dvoretzky, Kiefer and Wolfowitz (massart1990): the distribution function of n
samples leaves that of their law by more than sqrt(ln(2/alpha)/2n) somewhere with chance at most alpha, for every law.
"""

import math
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma
from scipy.stats import chi2

from numerics import evidence
from numerics.ensembles import Activation, Affine, Convolution, Inputs, Network, Residual, Weights, dense, looks_linear
from numerics.sampling import direct, passes, radial

ERRORS = evidence.ErrorBudget(checks=4)
BETA = 1e-9  # chance that a wrong claim named below slips through one check
SEEDS = st.integers(0, 2**63)
HE = Weights("normal", 2, "fan_in")
SPHERE = Weights("orthogonal", 2, "fan_in")
SAMPLES = 2**18  # puts the bound at 0.6 % for the error rates below


def reach(samples, alpha):
    return math.sqrt(math.log(2 / alpha) / (2 * samples))


def farthest(values, law, points=2**10):
    """The distance between the distribution function of the values and the ``law``, at so many of the values."""
    ordered = np.sort(values)
    at = np.unique(ordered[np.linspace(0, len(values) - 1, points).astype(int)])
    return np.abs(np.searchsorted(ordered, at, side="right") / len(values) - law(at)).max()


def drawn(network, networks, measure, experiment):
    return torch.cat(list(radial.sample(network, networks, experiment=experiment, measure=measure))).numpy()


INDEPENDENT_ALPHA = ERRORS.take(2)


@pytest.mark.parametrize("widths", [(3, 2, 2, 2, 2), (3, 2, 3, 4, 5)])
def test_layers_of_a_walk_are_independent_whether_they_share_a_stream_or_not(widths):
    """The largest of d independent uniform variables has the law u^d; if all were one, it would have the law u."""
    depth = len(widths) - 1
    steps = radial.draw(dense(widths, Weights()), 0, experiment="apart", device="cpu").forward.diff(dim=1).numpy()
    uniform = chi2.cdf(np.exp(steps), widths[1:])
    bound = reach(len(uniform), INDEPENDENT_ALPHA)
    assert farthest(uniform.max(axis=1), lambda u: u**depth) <= bound
    assert farthest(uniform[:, 0], lambda u: u**depth) > bound


REAL = {
    "relu": dense((3, 2, 3, 2), HE, "relu"),
    "relu, linear output": dense((3, 2, 3, 1), HE, "relu", last_activation=False),
    "leaky": dense((3, 2, 4, 3), HE, "leaky_relu", slope=-0.3),
    "abs": dense((2, 3, 2, 2), HE, "abs"),
    "rectified output": Network(
        Inputs((3,)),
        (Affine(2, HE), Affine(3, HE), Activation("leaky_relu", 0.3), Affine(2, HE), Activation("relu")),
    ),
    "crelu": dense((2, 2, 3, 2), HE, "crelu"),
    "looks linear": looks_linear((3, 2, 3, 2), HE),
    "random input": dense((4, 2, 3), HE, "relu", inputs=Inputs((4,), random=True)),
    "orthogonal relu": dense((3, 3, 3, 3), SPHERE, "relu"),
    "tall relu": dense((5, 4, 3, 2), SPHERE, "relu"),
    "tall crelu": dense((4, 3, 4, 3), SPHERE, "crelu"),
    "tall mixed laws": dense((5, 4, 3, 2), (HE, SPHERE, HE), "relu"),
}
REAL_NETWORKS = 2**15
REAL_ALPHA = ERRORS.take(4 * len(REAL))  # two directions, two samples each


def lengths(rows, reference):
    """ln |rows|^2/|reference|^2 of a direct pass, NaN where both are 0."""
    squares = [passes.squared_norm(values)[:, 0] for values in (rows, reference)]
    return (squares[0] / squares[1]).log()


def mixed(columns):
    """Depends on both columns, so that it sees their joint law; -inf where one is, and +inf for NaN: two atoms."""
    return (columns[0] + 2 * columns[1]).nan_to_num(nan=math.inf, neginf=-math.inf)


def really(network, way, experiment):
    """``mixed`` of a middle and the last length of direct networks."""
    for block in range(-(-REAL_NETWORKS // direct.block_size(network))):
        seen = direct.draw(network, block, experiment=experiment, device="cpu")
        if way == "forward":
            yield mixed([lengths(seen.activations[i], seen.activations[0]) for i in (-2, -1)])
        else:
            yield mixed([lengths(seen.gradients[i], seen.gradients[-1]) for i in (-2, 0)])


@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("name", REAL)
def test_walks_have_the_law_of_real_matrices_dead_layers_included(name, way):
    """Two samples of one law are no farther apart than both their distances from it.

    float32 shifts a real length by some 1e-6, which moves a share of about 1e-6 of the networks past a point.
    """
    columns = [-2, -1] if way == "forward" else [-2, 0]
    walks = drawn(REAL[name], SAMPLES, lambda walk: mixed(getattr(walk, way).T[columns]), f"radial {name}")
    real = np.sort(torch.cat(list(really(REAL[name], way, f"real {name}"))).numpy())

    def apart(values):
        return farthest(values, lambda x: np.searchsorted(real, x, side="right") / len(real))

    bound = reach(len(real), REAL_ALPHA) + reach(SAMPLES, REAL_ALPHA) + 1e-5
    assert apart(walks) <= bound
    assert apart(walks + 2 * math.log(2)) > bound  # twice the variance in the last matrix met


def test_constant_steps_are_those_of_real_matrices():
    """Square orthogonal matrices keep lengths up to sqrt(2): (layers) ln 2, to the rounding of float32 QR, 1e-5."""
    network = looks_linear((4, 4, 4), SPHERE)
    real = direct.draw(network, 0, experiment="constant", device="cpu")
    walk, back = (radial.draw(network, 0, experiment="constant") for _ in range(2))
    exact = math.log(2) * torch.arange(3, dtype=torch.float64)
    assert (walk.forward - exact).abs().max() < 8 * 2**-52
    assert (back.backward - exact[:2].flip(0)).abs().max() < 8 * 2**-52
    for i in range(3):
        assert (lengths(real.activations[i], real.activations[0]) - exact[i]).abs().max() < 1e-5


DEAD_EXAMPLES = 10
DEAD_ALPHA = ERRORS.take(4 * DEAD_EXAMPLES)


@settings(max_examples=DEAD_EXAMPLES)
@given(seed=SEEDS, width=st.integers(1, 5), depth=st.integers(2, 6), weights=st.sampled_from([HE, SPHERE]))
def test_layers_die_as_often_as_their_coins_all_fail(seed, width, depth, weights):
    """One layer in 2^width; backward, an output without activation is never dead."""
    dead = 1 - (1 - 0.5**width) ** depth
    plan = evidence.plan(dead, dead * (1 - dead), shift=0.05, alpha=DEAD_ALPHA, beta=BETA)
    for way, last in (("forward", True), ("forward", False), ("backward", True), ("backward", False)):
        widths = (width,) * (depth + 1) if last else (width,) * (depth + 2)
        blocks = radial.sample(
            dense(widths, weights, "relu", last_activation=last), plan.budget, experiment=f"dead {seed} {last}",
            measure=lambda walk, way=way: (~getattr(walk, way).isfinite()).any(dim=1).double(),
        )  # fmt: skip
        assert evidence.judge(plan, blocks).verdict == "agrees"


@settings(max_examples=10)
@given(seed=SEEDS, last=st.booleans())
def test_a_dead_layer_stays_dead_and_takes_all_gradients_with_it(seed, last):
    network = dense((2,) * 6, HE, "relu", last_activation=last)
    forward = radial.draw(network, 0, experiment=f"after {seed}").forward
    backward = radial.draw(network, 0, experiment=f"after {seed}").backward
    dead = forward.isneginf()
    assert dead.any()
    assert not (dead[:, :-1] & ~dead[:, 1:]).any()
    assert forward[:, 0].eq(0).all()
    gone = backward.isnan() if last else backward[:, :-1].isneginf()
    assert gone.any()
    assert (gone.any(dim=1) == gone.all(dim=1)).all()
    assert (backward.isfinite() | gone.any(dim=1, keepdim=True)).all()
    assert (backward[:, -1].nan_to_num(0.0) == 0).all()


DEEP_ALPHA = ERRORS.take()


def test_a_hundred_thousand_layers_of_one_unit_neither_underflow_nor_fill_the_memory():
    """E ln(2 v Gamma(1/2)) = ln 2v + digamma(1/2), and its variance is trigamma(1/2) = pi^2/2."""
    depth = 10**5
    network = dense((1,) * (depth + 1), Weights())
    assert radial.block_size(network) * depth <= radial.BLOCK_STEPS
    mean, variance = depth * (math.log(2) + digamma(0.5)), depth * math.pi**2 / 2
    plan = evidence.plan(mean, variance, shift=0.01 * abs(mean), alpha=DEEP_ALPHA, beta=BETA)
    values = radial.sample(network, plan.networks, experiment="deep", measure=lambda walk: walk.forward[:, -1])
    assert evidence.judge(plan, values).verdict == "agrees"
    assert mean < math.log(5e-324)  # the length itself would underflow


@pytest.mark.parametrize("widths", [(1, 1), (3, 8, 8, 2), (2,) * 40])
@given(seed=SEEDS, share=st.floats(0.01, 1))
@settings(max_examples=5)
def test_values_do_not_depend_on_how_a_run_is_cut(widths, seed, share):
    """A long run, a short one, a run from a later block on, blocks alone in reverse, and threads agree bit by bit."""
    network, experiment = dense(widths, HE, "leaky_relu", slope=0.1), f"cut {seed}"
    size = radial.block_size(network)
    count = size + math.ceil(share * size)

    def run(networks, **options):
        measure = lambda walk: walk.forward.sum(dim=1)  # noqa: E731
        return torch.cat(
            list(radial.sample(network, networks, experiment=experiment, measure=measure, device="cpu", **options))
        )

    values = run(count)
    assert len(values) == count
    assert torch.equal(run(count // 2), values[: count // 2])
    assert torch.equal(run(count, first=1), values[size:])
    alone = [radial.draw(network, block, experiment=experiment).forward.sum(dim=1) for block in (1, 0)]
    assert torch.equal(torch.cat(alone[::-1])[:count], values)
    assert not torch.equal(*alone)
    found = {}
    workers = [threading.Thread(target=lambda b=b: found.update({b: run(size * (b + 1), first=b)})) for b in (1, 0)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert torch.equal(torch.cat([found[0], found[1]])[:count], values)


TWO_INPUTS = Inputs((3,), count=2)
REFUSED = {
    "angles": dense((3, 3), HE, "relu", inputs=TWO_INPUTS),
    "squared_length": dense((3, 3), HE, inputs=Inputs((3,), squared_length=0.0)),
    "tanh": dense((3, 3), HE, "tanh"),
    "biases": dense((3, 3), HE, "relu", bias=Weights()),
    "sign": dense((3, 3), Weights("sign"), "relu"),
    "uniform": dense((3, 3), Weights("uniform"), "relu"),
    "slope": dense((3, 3), HE, "prelu", slope=1e-200),
    "positive variance": dense((3, 3), Weights("normal", 0.0), "relu"),
    "Residual": Network(Inputs((3,)), (Residual((Affine(3, HE),)),)),
    "Convolution": Network(Inputs((1, 3, 3)), (Convolution(2, 3, HE),)),
    "below each activation": Network(Inputs((3,)), (Affine(3, HE), Activation("abs"), Activation("relu"))),
    "affine layer below": Network(Inputs((3,)), (Activation("relu"), Affine(3, HE))),
    "crelu below": Network(Inputs((4,)), (Affine(3, HE, mirrored=True),)),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_is_not_exact_is_refused_with_its_reason(said):
    network = REFUSED[said]
    assert said in radial.refusal(network)
    assert radial.refusal(network).endswith(
        ("use the direct sampler.", "use the conditioned sampler.", "give another.")
    )
    with pytest.raises(ValueError, match=said):
        radial.draw(network, 0, experiment="refused")
    with pytest.raises(ValueError, match=said):
        next(radial.sample(network, 1, experiment="refused", measure=lambda walk: walk.forward[:, -1]))


def test_what_can_be_drawn_is_not_refused():
    for network in REAL.values():
        assert radial.refusal(network) == radial.backward_refusal(network) == ""


@pytest.mark.parametrize("above", [(Activation("abs"),), (Affine(3, HE),), (Activation("prelu", 0.1), Affine(3, HE))])
def test_gradients_above_a_dead_layer_are_refused_where_they_may_not_vanish(above):
    """Forward they are not refused."""
    network = Network(Inputs((3,)), (Affine(3, HE), Activation("relu"), Affine(3, HE), *above))
    walk = radial.draw(network, 0, experiment="mixed")
    with pytest.raises(ValueError, match="above a dead layer"):
        _ = walk.backward
    assert walk.forward.isneginf().any()


def test_forward_and_backward_lengths_are_not_given_together():
    network = dense((3, 3, 3), HE, "relu")
    for first, second in (("forward", "backward"), ("backward", "forward")):
        walk = radial.draw(network, 0, experiment="both")
        assert getattr(walk, first) is getattr(walk, first)
        with pytest.raises(ValueError, match="law of each alone"):
            getattr(walk, second)


def test_what_makes_no_sense_is_an_error():
    network = dense((3, 3), HE, "relu")
    silent = dense((3, 3, 3), HE, "relu", output_gradient_variance=0.0)
    with pytest.raises(ValueError, match="zero gradient"):
        _ = radial.draw(silent, 0, experiment="silent").backward
    with pytest.raises(ValueError, match="integer >= 0"):
        radial.draw(network, -1, experiment="bad")
    with pytest.raises(ValueError, match="unknown device"):
        radial.draw(network, 0, experiment="bad", device="tpu")
