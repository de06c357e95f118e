"""Resolutions are kept under the theorem, the changes of formulas and the code; what is on record is not measured again."""

import pytest
import torch

from numerics.checks import mutation, resolution
from numerics.checks.mutation import BUDGET, mutate
from numerics.checks.resolution import counted, identity_of, keep, measure_all, recalled
from numerics.checks.specimens import Outcome
from numerics.evidence import RUN_ALPHA
from numerics.evidence.kept import NotMeasured, keeping

CHEAP = ["variance.standard_weight", "probability.gaussian_transform"]
OUTCOMES = [("killed", 0.02), ("killed", 0.0125), ("survived", 0.5), ("below", 0.003), ("no value", None)]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def found(name=CHEAP[0], controls=()):
    outcomes = tuple(Outcome(f"change {at}", fate, effect, {}) for at, (fate, effect) in enumerate(OUTCOMES))
    return mutation.Resolution(name, outcomes, controls)


def test_fates_are_counted_and_the_resolution_is_the_smallest_effect_that_was_killed():
    known = counted(found(controls=("a check: refuted",)))
    assert (known.killed, known.survived, known.below, known.no_value, known.above) == (2, 1, 1, 1, 3)
    assert known.resolution == 0.0125
    assert known.controls == ("a check: refuted",)


def test_what_was_kept_is_recalled_from_its_file_and_nothing_else_is(tmp_path):
    path = tmp_path / "resolutions.jsonl"
    with keeping(into=path):
        assert recalled(CHEAP[0]) is None
        keep(found())
    with keeping(known=[path], draw=False) as shelf:
        known, record = recalled(CHEAP[0])
        assert known == counted(found())
        assert shelf.used[record.name] == record
        assert recalled(CHEAP[1]) is None
        with pytest.raises(NotMeasured):
            resolution.resolution(CHEAP[1], identity_of(CHEAP[1]))


def test_another_theorem_of_the_name_or_other_changes_are_another_measurement(monkeypatch):
    with keeping():
        keep(found())
        monkeypatch.setattr(resolution, "identity_of", lambda name: "another")
        assert recalled(CHEAP[0]) is None
    identity_of.cache_clear()
    own = identity_of(CHEAP[0])
    for changed in ("theorem_hash", "code_of"):
        with monkeypatch.context() as patch:
            patch.setattr(resolution, changed, lambda *what: "changed")
            identity_of.cache_clear()
            assert identity_of(CHEAP[0]) != own
    identity_of.cache_clear()


def test_all_are_measured_once_and_only_what_is_not_known(monkeypatch):
    tried = []
    monkeypatch.setattr(mutation, "checked", lambda: dict.fromkeys(CHEAP))
    monkeypatch.setattr(mutation, "mutate", lambda names: tried.extend(names) or [found(*names)])
    with keeping():
        keep(found(CHEAP[1]))
        measure_all()
        assert tried == CHEAP[:1]
        measure_all()
    assert tried == CHEAP[:1]


def test_what_is_found_for_a_theorem_does_not_depend_on_which_others_are_tried():
    together = {account.theorem: account for account in mutate(CHEAP, device="cpu")}
    assert together.keys() == set(CHEAP)
    for name, account in together.items():
        assert mutate([name], device="cpu") == [account]
        assert account.holds


def test_the_rates_at_which_resolutions_are_kept_are_those_of_mutate():
    assert resolution.default(RUN_ALPHA, BUDGET)
    assert not resolution.default(RUN_ALPHA / 2, BUDGET)
    assert not resolution.default(RUN_ALPHA, BUDGET - 1)
