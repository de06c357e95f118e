"""`initium train` runs every experiment, keeps what it found whole, goes on where it stopped, refuses in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from numerics.evidence.kept import keeping
from numerics.training import catalogue, experiments, run
from numerics.training.experiments import courses
from papers import training
from papers.command_line import app
from papers.committed import TRAINING

each = pytest.mark.parametrize("name", catalogue.NAMES)


pytestmark = pytest.mark.usefixtures("own_cache")


def train(*words):
    return CliRunner().invoke(app, ["train", *words])


def evidence(folder):
    """The measurements of a folder by name; their code is today's."""
    with keeping(known=(folder / TRAINING,), draw=False) as shelf:
        return {each.name: each for each in shelf.known.values()}


# --- the catalogue -----------------------------------------------------------------------------------


def test_every_experiment_is_in_the_catalogue():
    folder = Path(experiments.__path__[0])
    found = {path.stem for path in folder.glob("*.py") if "\ndef observe(" in path.read_text(encoding="utf-8")}
    assert found == set(catalogue.NAMES)


@each
def test_an_experiment_has_three_sizes_a_title_and_the_documented_parts(name):
    module = catalogue.find(name)
    assert tuple(module.SIZES) == catalogue.SIZES
    assert catalogue.title(name) == module.__doc__.partition("\n")[0]
    assert callable(module.predictions)
    assert callable(module.compare)


def test_without_a_name_all_are_listed():
    assert [entry["experiment"] for entry in json.loads(train("--json").output)] == list(catalogue.NAMES)
    assert all(name in train().output for name in catalogue.NAMES)


# --- size s ------------------------------------------------------------------------------------------


@each
def test_size_s_runs_is_kept_whole_and_comes_out_alike(name, tmp_path):
    ran = train(name, "--json", "--into", str(tmp_path))
    assert ran.exit_code == 0, ran.output
    told, module = json.loads(ran.output), catalogue.find(name)
    assert (told["experiment"], told["size"]) == (name, "s")
    assert told["evidence"]["name"] in evidence(tmp_path)
    assert not list((tmp_path / "cache" / "initium" / "training").iterdir())
    config = module.SIZES["s"]
    with keeping(known=(tmp_path / TRAINING,), draw=False):
        observed, predicted = module.observe(config), module.predictions(config)
    assert module.observe.function(config) == observed
    rows = module.compare(predicted, observed)
    assert [(row.what, row.verdict) for row in rows] == [(row["what"], row["verdict"]) for row in told["rows"]]
    assert rows
    assert {row.verdict for row in rows} <= {"agrees", "differs", "undecided"}
    assert all(row.what and row.rule for row in rows)


def test_predictions_come_before_results(tmp_path):
    output = train("deep_linear", "--into", str(tmp_path)).output
    assert output.index("Predicted, before anything is run") < output.index("Predicted and observed")
    assert str(tmp_path / TRAINING) in output


def test_another_number_of_networks_is_evidence_of_its_own(tmp_path):
    for seeds in ("3", "4"):
        told = json.loads(train("deep_linear", "--seeds", seeds, "--json", "--into", str(tmp_path)).output)
        assert told["config"]["networks"] == int(seeds)
    observed = [name for name in evidence(tmp_path) if ".observe(" in name]
    assert len(observed) == 2
    assert told["size"] == "own"


# --- interruptions -----------------------------------------------------------------------------------


@pytest.fixture
def interrupted(monkeypatch):
    """The next training is broken off at step 25 of its last fleet; what it trained until then is counted."""
    monkeypatch.setattr(run, "EVERY", 0.0)
    real, steps, broken = courses.minibatches, [], []

    def minibatches(*args):
        batch = real(*args)

        def at(step):
            if "32 deep" in args[3] and step == 25 and not broken:
                broken.append(step)
                raise KeyboardInterrupt
            steps.append(step)
            return batch(step)

        return at

    monkeypatch.setattr(courses, "minibatches", minibatches)
    return steps


def test_an_interrupted_run_resumes_and_ends_as_one_that_was_not(interrupted, tmp_path):
    broken = train("parameter_budget", "--into", str(tmp_path / "broken"))
    assert broken.exit_code == 130
    assert "initium train parameter_budget --size s --into" in broken.stderr
    assert "--resume" in broken.stderr
    assert not (tmp_path / "broken" / TRAINING).exists()
    interrupted.clear()
    assert train("parameter_budget", "--resume", "--into", str(tmp_path / "broken")).exit_code == 0
    assert interrupted == [0, *range(20, 40)]  # of one fleet of three, from its checkpoint; step 0 tells whose it is
    assert train("parameter_budget", "--into", str(tmp_path / "whole")).exit_code == 0
    assert values(tmp_path / "broken") == values(tmp_path / "whole")


def test_without_resume_a_run_begins_anew(interrupted, tmp_path):
    train("parameter_budget", "--into", str(tmp_path))
    interrupted.clear()
    train("parameter_budget", "--into", str(tmp_path))
    assert len([step for step in interrupted if step == 1]) == 3  # all fleets


def test_a_killed_run_resumes_and_ends_as_one_that_was_not(tmp_path, own_cache):
    """By SIGKILL, in a process of its own, as soon as it has left a checkpoint."""
    program = "from numerics.training import run; run.EVERY = 0; from papers.command_line import main; main()"
    words = [sys.executable, "-c", program, "train", "parameter_budget", "--into", str(tmp_path / "killed")]
    around = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(words, env=around, stdout=subprocess.DEVNULL) as process:
        while not list(own_cache.glob("initium/checkpoints/*.npz")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "killed" / TRAINING).exists()
    assert train("parameter_budget", "--resume", "--into", str(tmp_path / "killed")).exit_code == 0
    assert train("parameter_budget", "--into", str(tmp_path / "whole")).exit_code == 0
    assert values(tmp_path / "killed") == values(tmp_path / "whole")


def values(folder):
    return {name: kept.value for name, kept in evidence(folder).items()}


# --- evidence ----------------------------------------------------------------------------------------


def test_evidence_of_another_code_is_replaced_and_that_of_others_stays(tmp_path, monkeypatch):
    train("deep_linear", "--into", str(tmp_path))
    train("convolution_lengths", "--into", str(tmp_path))
    (old,) = [name for name in evidence(tmp_path) if "deep_linear" in name]
    real = training.code_of
    monkeypatch.setattr(training, "code_of", lambda module: "another" if "deep_linear" in module else real(module))
    train("deep_linear", "--seeds", "4", "--into", str(tmp_path))
    names = list(evidence(tmp_path))
    assert old not in names
    assert len([name for name in names if "deep_linear.observe" in name]) == 1
    assert len([name for name in names if "convolution_lengths.observe" in name]) == 1


def test_the_largest_size_at_hand_is_recalled_and_size_s_is_none(tmp_path, monkeypatch):
    train("deep_linear", "--into", str(tmp_path))
    with keeping(known=(tmp_path / TRAINING,), draw=False):
        assert training.recalled("deep_linear") is None
        with pytest.raises(training.NotMeasured, match="initium train deep_linear --size m"):
            training.required("deep_linear")
        monkeypatch.setattr(training, "DECIDING", ("full", "s"))
        found = training.required("deep_linear")
    assert found.size == "s"
    assert found.of("R-10") == found.rows
    assert found.of("R-1") == ()


# --- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tanh_gian",), "did you mean tanh_gain"),
        (("start", "--size", "huge"), "the sizes are s, m, full"),
        (("start", "--seeds", "1"), "at least 3"),
        (("start", "--device", "tpu"), "choose one of"),
    ],
)
def test_what_there_is_not_is_refused_in_one_sentence(words, told):
    refused = train(*words)
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_missing_data_are_named_with_the_way_to_get_them(tmp_path, monkeypatch):
    monkeypatch.delenv("INITIUM_DATA", raising=False)
    monkeypatch.setattr("numerics.training.data.packages.installed", lambda package: {})
    refused = train("deep_linear", "--size", "m", "--into", str(tmp_path))
    assert refused.exit_code == 1
    assert "initium data fetch mnist" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_full_disk_leaves_the_evidence_as_it_was_and_the_run_can_be_finished(tmp_path, monkeypatch):
    train("convolution_lengths", "--into", str(tmp_path))
    before, real = (tmp_path / TRAINING).read_bytes(), os.fsync

    def full(descriptor):
        if f".{TRAINING}-new" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    refused = train("deep_linear", "--into", str(tmp_path))
    assert refused.exit_code == 1
    assert "No space left on device" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert (tmp_path / TRAINING).read_bytes() == before
    monkeypatch.setattr(os, "fsync", real)
    monkeypatch.setattr("numerics.training.experiments.deep_linear.trained", None)  # nothing is trained again
    assert train("deep_linear", "--resume", "--into", str(tmp_path)).exit_code == 0
    assert len([name for name in evidence(tmp_path) if ".observe(" in name]) == 2
