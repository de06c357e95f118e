"""A record survives whatever ends its run, says what was changed, and resumes to the very same sums."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import evidence
from numerics.checks import checks, verify
from numerics.evidence import provenance, record
from numerics.evidence.journal import NotRecorded
from numerics.sampling import blocks, direct
from theory.proof.library import find

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"alpha": 0.1, "theorems": ["a", "b"]}
CHECKS = ("a", "b")
PLAN = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, condition="not struck out")
SIZE = 7  # samples of a block: the planned 45 or so end within a block
NAME = "random_walk.linear_log_variance"


@pytest.fixture(autouse=True)
def every_block_is_written_at_once_and_one_thread_draws(monkeypatch):
    monkeypatch.setattr(record, "EVERY", 0.0)
    monkeypatch.setattr(os, "fsync", lambda file: None)  # what a process wrote survives the process without it
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(check, first, told):
    """The blocks of a check from ``first`` on, a fifth of the values outside the condition; ``told`` learns of each."""
    for block in range(first, 1000):
        told.append((check, block))
        generator = np.random.default_rng([ord(check), block])
        values = generator.standard_normal(SIZE)
        values[generator.random(SIZE) < 0.2] = np.nan
        yield values


def run(path, told, **changed):
    """Two checks with a record, as ``numerics.checks.run`` makes it; the evidence of each, without its seconds."""
    found = []
    with record.recording(path, SETTINGS) as recorder:
        for check in CHECKS:
            entry = recorder.resume({"check": check, "theorem": f"t.{check}", "plan": {"shift": PLAN.shift}, **changed})
            result = entry.evidence
            if result is None:
                blocks = drawn(check, entry.block, told)
                result = evidence.judge(PLAN, blocks, start=entry.sums, seconds=entry.seconds, keep=recorder.block)
                recorder.finish(result)
            found.append(dataclasses.replace(result, seconds=0.0))
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The file of a run that nothing interrupted, its evidence, its sums, and the blocks it drew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "EVERY", 0.0)
        path, told = tmp_path_factory.mktemp("whole") / "record.jsonl", []
        found = run(path, told)
    assert len(told) > 10
    return path.read_bytes(), found, sums(path), told


def sums(path):
    return {name: (entry.sums, entry.block) for name, entry in record.read(path).entries.items()}


# --- interruption ------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(line=st.integers(0, 40), place=st.integers(-2, 1000))
def test_a_run_cut_anywhere_resumes_to_the_same_sums_and_draws_only_what_is_missing(
    whole, tmp_path_factory, line, place
):
    """Around the ends of lines, and within them; also a check whose last block was written, but not its result."""
    content, found, kept, told = whole
    cut = max(0, len(b"".join(content.splitlines(keepends=True)[:line])) + place)
    path = tmp_path_factory.mktemp("cut") / "record.jsonl"
    path.write_bytes(content[:cut])
    known, again = record.read(path).entries, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "EVERY", 0.0)
        assert run(path, again) == found
    assert sums(path) == kept
    assert again == [(check, block) for check, block in told if check not in known or block >= known[check].block]


@settings(max_examples=60)
@given(room=st.integers(0, 14000))
def test_a_disk_that_is_full_at_any_byte_loses_nothing_that_was_written(whole, tmp_path_factory, room):
    _, found, kept, told = whole
    path, left, write, refusal = tmp_path_factory.mktemp("full") / "record.jsonl", [room], os.write, ""

    def full(file, line):
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = write(file, line[: left[0]])
        left[0] -= done
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "EVERY", 0.0)
        patch.setattr(os, "write", full)
        try:
            assert run(path, []) == found
        except NotRecorded as raised:
            refusal = str(raised)
    assert left[0] or (path.stat().st_size == room and "No space left on device" in refusal)
    known, again = record.read(path).entries, []
    assert run(path, again) == found
    assert sums(path) == kept
    assert again == [(check, block) for check, block in told if check not in known or block >= known[check].block]


def test_an_interruption_by_hand_keeps_what_was_counted(whole, tmp_path, monkeypatch):
    _, found, kept, _ = whole
    path, generate = tmp_path / "record.jsonl", drawn

    def interrupted(check, first, told):
        for values in generate(check, first, told):
            if told[-1] == ("b", 3):
                raise KeyboardInterrupt
            yield values

    monkeypatch.setitem(globals(), "drawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(path, [])
    monkeypatch.setitem(globals(), "drawn", generate)
    again = []
    assert run(path, again) == found
    assert again[0] == ("b", 3)
    assert sums(path) == kept


@pytest.mark.parametrize("stop", [0, 1, 4])
def test_verify_continues_with_the_block_after_the_last_one_counted(tmp_path, monkeypatch, stop):
    path, told = tmp_path / "record.jsonl", []

    def interrupted(network, block, **where):
        told.append(block)
        if len(told) == stop + 1:
            raise KeyboardInterrupt
        return direct.draw(network, block, **where)

    monkeypatch.setattr(direct, "sample", blocks.sampler(interrupted, direct.block_size))
    with pytest.raises(KeyboardInterrupt):
        verify([NAME], device="cpu", record=path)
    (found,) = verify([NAME], device="cpu", record=path)
    assert told == [*range(stop + 1), *range(stop, told[-1] + 1)]
    (whole,) = verify([NAME], device="cpu", record=tmp_path / "whole.jsonl")
    assert sums(path) == sums(tmp_path / "whole.jsonl")
    assert dataclasses.replace(found.evidence, seconds=0) == dataclasses.replace(whole.evidence, seconds=0)


KILLED = """
import sys, time, torch
from pathlib import Path
from numerics.checks import verify
from numerics.evidence import record
from numerics.sampling import blocks, direct
torch.set_num_threads(1)
record.EVERY = 0.0
def slowly(*network, **where):
    time.sleep(0.01)  # so that none ends unkilled
    return direct.draw(*network, **where)
direct.sample = blocks.sampler(slowly, direct.block_size)
verify([sys.argv[1]], device="cpu", detect=float(sys.argv[2]), record=Path(sys.argv[3]))
"""


def test_a_killed_process_leaves_a_record_that_resumes_to_the_sums_of_a_whole_run(tmp_path):
    """Killed twice while it samples, once it has written some more blocks, then finished here."""
    detect, path, other = 0.01, tmp_path / "killed.jsonl", tmp_path / "whole.jsonl"
    command = [sys.executable, "-c", KILLED, NAME, str(detect), str(path)]
    for lines in (5, 30):
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            deadline = time.monotonic() + 100
            while not path.exists() or path.read_bytes().count(b"\n") < lines:
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            process.kill()
            assert process.wait() == -signal.SIGKILL
    (entry,) = record.read(path).entries.values()
    assert entry.evidence is None
    assert entry.block >= 20
    told = []

    def draw(network, block, **where):
        told.append(block)
        return direct.draw(network, block, **where)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(direct, "sample", blocks.sampler(draw, direct.block_size))
        (found,) = verify([NAME], device="cpu", detect=detect, record=path)
    assert told == list(range(entry.block, told[-1] + 1))
    (uninterrupted,) = verify([NAME], device="cpu", detect=detect, record=other)
    assert sums(path) == sums(other)
    assert dataclasses.replace(found.evidence, seconds=0) == dataclasses.replace(uninterrupted.evidence, seconds=0)


def test_a_process_that_may_write_no_more_says_so_in_one_line_and_its_record_is_resumed(tmp_path):
    path = tmp_path / "limited.jsonl"
    limited = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
import sys
sys.argv = ["initium", "verify", "{NAME}", "--record", "{path}", "--device", "cpu"]
from papers.command_line import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", limited],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "cannot write" in done.stderr
    assert "File too large" in done.stderr
    assert path.stat().st_size == 3000
    (found,) = verify([NAME], device="cpu", record=path)
    assert found.evidence.verdict == "agrees"


# --- changes -----------------------------------------------------------------------------------------------


def test_a_record_of_another_format_is_refused(whole, tmp_path, monkeypatch):
    path = tmp_path / "record.jsonl"
    path.write_bytes(whole[0])
    monkeypatch.setattr(record, "FORMAT", 2)
    with pytest.raises(NotRecorded, match="has format 1, but only 2"):
        record.read(path)


# --- staleness ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"theorem": "t.other"}, "stale for a: the theorem was t.a and is t.other;"),
        ({"plan": {"shift": 0.25}}, "stale for a: the shift was 0.5 and is 0.25;"),
        ({"block_size": 8}, "stale for a: the block size was nothing and is 8;"),
        ({"network": "n" * 90}, "stale for a: the network has changed;"),
    ],
)
@pytest.mark.parametrize("lines", [3, None])
def test_a_check_that_is_another_one_now_is_refused_and_nothing_is_lost(whole, tmp_path, changed, said, lines):
    path = tmp_path / "record.jsonl"
    path.write_bytes(b"".join(whole[0].splitlines(keepends=True)[:lines]))
    before = record.read(path).entries
    with pytest.raises(NotRecorded, match=said):
        run(path, [], **changed)
    assert record.read(path).entries == before


def test_verify_refuses_a_record_of_other_rates_theorems_blocks_or_code_and_says_which(tmp_path, monkeypatch):
    path = tmp_path / "record.jsonl"

    def refused(said, **changed):
        with pytest.raises(NotRecorded, match=said):
            verify(**({"names": [NAME], "device": "cpu", "record": path} | changed))

    verify([NAME], device="cpu", record=path)
    before = record.read(path).results
    refused("the alpha was 1e-06 and is 1e-05; use a new file", alpha=1e-5)
    refused("the beta was 0.001 and is 0.01;", beta=0.01)
    refused("the relative error to be detected was 0.05 and is 0.1;", detect=0.1)
    refused("the budget was 10000000 and is 9000000;", budget=9 * 10**6)
    refused("the choice of theorems was", names=["random_walk.linear_gain"])
    for patched, value, said in (
        ("numerics.evidence.provenance.theorem_hash", lambda theorem: "other", "the theorem or its proof was"),
        ("numerics.evidence.provenance.code_hash", lambda: "other", "the code of numerics was"),
        ("numerics.sampling.blocks.BLOCK_NETWORKS", 2048, "the block size was 4096 and is 2048;"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(patched, value)
            refused(said.replace("was", "(was|has changed)") if value != 2048 else said)
    assert record.read(path).results == before


def test_what_is_decided_is_reported_from_the_record_without_a_draw(tmp_path, monkeypatch):
    path = tmp_path / "record.jsonl"
    found = verify([NAME, "variance.fourth_moment"], device="cpu", detect=0.2, record=path)
    assert found == verify([NAME, "variance.fourth_moment"], device="cpu", detect=0.2, record=path)
    monkeypatch.setattr(direct, "sample", None)
    assert found == verify([NAME, "variance.fourth_moment"], device="cpu", detect=0.2, record=path)
    results = record.read(path).results
    assert [entry.evidence for entry in results] == [result.evidence for result in found]
    assert [entry.about["check"] for entry in results] == [
        check.label for check in checks() if check.theorem in (NAME, "variance.fourth_moment")
    ]


def test_a_record_changes_no_result(tmp_path):
    kept, plain = (verify([NAME], device="cpu", detect=0.2, record=path) for path in (tmp_path / "record.jsonl", None))
    assert dataclasses.replace(kept[0].evidence, seconds=0) == dataclasses.replace(plain[0].evidence, seconds=0)


def test_a_check_beyond_its_budget_is_on_record_as_undecided(tmp_path):
    (found,) = verify([NAME], device="cpu", budget=1, record=tmp_path / "record.jsonl")
    (entry,) = record.read(tmp_path / "record.jsonl").results
    assert (entry.evidence.verdict, entry.block) == ("undecided", 0)
    assert json.dumps(dataclasses.asdict(entry.evidence)) == json.dumps(dataclasses.asdict(found.evidence))  # NaN too


# --- what a line says --------------------------------------------------------------------------------------


def test_a_line_keeps_versions_rates_device_theorem_plan_counts_and_time(tmp_path):
    path = tmp_path / "record.jsonl"
    verify([NAME], device="cpu", detect=0.2, record=path)
    head, plan, *blocks, result = map(json.loads, path.read_text(encoding="ascii").splitlines())
    assert [line["kind"] for line in (head, plan, *blocks, result)] == ["run", "plan", "blocks", "result"]
    assert head["settings"].keys() >= {
        "initium",
        "python",
        "numpy",
        "torch",
        "device",
        "model",
        "float32_matmul_precision",
    }
    assert {head["settings"][name] for name in ("alpha", "beta", "detect", "budget")} == {1e-6, 1e-3, 0.2, 10**7}
    assert plan["about"]["theorem_hash"] == provenance.theorem_hash(find(NAME))
    assert result["about"] == plan["about"]
    assert result["about"]["plan"]["networks"] == result["sums"]["count"] == result["evidence"]["networks"]
    assert blocks[-1]["blocks"][1] == result["blocks"][1] == 1
    assert result["readings"]["mean"] == result["evidence"]["estimate"]
    assert result["readings"]["variance_error"] > 0
    assert result["evidence"]["seconds"] > 0


@pytest.mark.parametrize("value", [1e300, -0.0, 1 / 3])
def test_sums_and_readings_of_every_kind_are_read_as_they_were(tmp_path, value):
    plans = [
        (evidence.plan(0.0, 1.0, shift=1.0, alpha=0.3, beta=0.3), np.full(100, value)),
        (evidence.plan_law(lambda x: np.full(x.shape, 1 / 3), distance=0.9, alpha=0.3, beta=0.3), np.full(100, value)),
        (evidence.plan_same_law(distance=0.9, alpha=0.3, beta=0.3), np.full((100, 2), value)),
        (
            evidence.plan_independence(lambda x: np.full(x.shape, 1 / 3), 3, correlation=0.9, alpha=0.3, beta=0.3),
            np.full((100, 3), value),
        ),
    ]
    path, found = tmp_path / "record.jsonl", {}
    with record.recording(path, SETTINGS) as recorder:
        for plan, block in plans:
            assert plan.networks <= 100
            recorder.resume({"check": plan.kind})
            seen = []
            result = evidence.judge(
                plan, [block], keep=lambda *parts, seen=seen: (seen.append(parts[0]), recorder.block(*parts))
            )
            recorder.finish(result)
            found[plan.kind] = seen[-1], result
    for name, entry in record.read(path).entries.items():
        assert repr((entry.sums, entry.evidence)) == repr(found[name])  # NaN and -0.0 as they are


# --- files -------------------------------------------------------------------------------------------------


def test_a_record_in_use_is_refused_to_a_second_run_and_free_afterwards(tmp_path):
    path = tmp_path / "record.jsonl"
    with record.recording(path, SETTINGS):
        before = path.read_bytes()
        with pytest.raises(NotRecorded, match="in use by another run"):
            run(path, [])
        assert path.read_bytes() == before
    run(path, [])


# --- origin ------------------------------------------------------------------------------------------------
