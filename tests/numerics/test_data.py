"""Data sets are read strictly: a file that is not exactly what it should be is refused in one sentence."""

import gzip
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.training import data
from numerics.training.data import cifar10, idx, mnist, timit
from numerics.training.data.images import NoData, from_bytes, images
from numerics.training.data.store import Found

SHAPES = st.lists(st.integers(0, 4), min_size=1, max_size=3)


def idx_file(array):
    header = bytes((0, 0, 8, array.ndim)) + b"".join(struct.pack(">I", size) for size in array.shape)
    return header + array.astype(np.uint8).tobytes()


def found_in(folder):
    """All files below a folder, without checksums, as a given copy has them."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return Found("given", {name.removesuffix(".gz"): path for name, path in paths.items()}, {})


def refused(action, *args):
    """The one sentence with which an action is refused."""
    with pytest.raises(NoData) as refusal:
        action(*args)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


# --- IDX ------------------------------------------------------------------------------------------


@given(shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_an_idx_file_reads_back_as_what_was_written(shape, seed):
    array = np.random.default_rng(seed).integers(256, size=shape, dtype=np.uint8)
    read = idx.parsed(idx_file(array), tuple(shape), "x")
    assert np.array_equal(read, array)
    assert np.array_equal(read, idx.parsed(idx_file(array), (None,) * len(shape), "x"))


@given(shape=SHAPES, cut=st.integers(1, 200))
def test_a_truncated_idx_file_is_refused_wherever_it_is_cut(shape, cut):
    whole = idx_file(np.zeros(shape))
    assert "x" in refused(idx.parsed, whole[: max(len(whole) - cut, 0)], (None,) * len(shape), "x")


@pytest.mark.parametrize(
    ("content", "shape", "told"),
    [
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01abcd", (None,), "does not begin"),  # floats
        (b"\x89PNG1234", (None,), "does not begin"),
        (idx_file(np.zeros((2, 3))), (None,), "2 dimensions where 1 belong"),
        (idx_file(np.zeros((2, 3))), (None, 4), "shape 2 x 3 where any x 4 belongs"),
        (idx_file(np.zeros((2, 3))) + b"!", (None, 3), "too long: 7 bytes where its shape asks for 6"),
        (b"\x00\x00\x08\x01\xff\xff\xff\xffab", (None,), "is cut short: 2 bytes where its shape asks for 4294967295"),
    ],
)
def test_an_idx_file_of_another_form_is_refused(content, shape, told):
    assert told in refused(idx.parsed, content, shape, "x")


# --- MNIST ----------------------------------------------------------------------------------------


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """Five training images, of which three train, and four test images."""
    monkeypatch.setattr(mnist, "TRAIN", 3)
    monkeypatch.setattr(mnist, "VALID", 2)
    for part, count in (("train", 5), ("test", 4)):
        pixels, labels = mnist.NAMES[part]
        (tmp_path / pixels).write_bytes(idx_file(np.arange(count * 784).reshape(count, 28, 28) % 256))
        (tmp_path / f"{labels}.gz").write_bytes(gzip.compress(idx_file(np.arange(count))))
    return tmp_path


def test_mnist_is_split_in_order_and_scaled_to_both_sides_of_zero(small_mnist):
    parts = {part: mnist.read(found_in(small_mnist), part) for part in data.PARTS}
    assert {part: each.labels.tolist() for part, each in parts.items()} == {
        "train": [0, 1, 2], "valid": [3, 4], "test": [0, 1, 2, 3],
    }  # fmt: skip
    levels = (np.arange(5 * 784) % 256).reshape(5, 784)
    # 2p/255 - 1 in float32: two roundings of numbers up to 2, each by half a unit in the last place
    close = 2 * np.finfo(np.float32).eps
    assert np.allclose(parts["train"].inputs, 2 * levels[:3] / 255 - 1, rtol=0, atol=close)
    assert np.allclose(parts["valid"].pictures, (2 * levels[3:] / 255 - 1).reshape(2, 1, 28, 28), rtol=0, atol=close)
    assert parts["train"].substitute_for == ""
    assert len({each.digest for each in parts.values()}) == len(parts)


def test_mnist_with_a_damaged_file_is_refused(small_mnist):
    labels = small_mnist / f"{mnist.NAMES['test'][1]}.gz"
    labels.write_bytes(labels.read_bytes()[:-9])
    assert "damaged" in refused(mnist.read, found_in(small_mnist), "test")


def test_mnist_with_a_label_too_many_is_refused(small_mnist):
    (small_mnist / f"{mnist.NAMES['test'][1]}.gz").write_bytes(gzip.compress(idx_file(np.arange(5))))
    assert "4 inputs and 5 labels" in refused(mnist.read, found_in(small_mnist), "test")


def table(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def test_the_small_mnist_gives_every_part_every_digit_and_says_that_it_is_a_substitute(tmp_path):
    rows = [[k % 256] * 784 + [k // 20] for k in range(200)]
    (tmp_path / "mnist_5k.csv.gz").write_bytes(gzip.compress(table(rows).encode()))
    for part, each in (("train", 16), ("valid", 2), ("test", 2)):
        read = mnist.read_small(found_in(tmp_path), part)
        assert np.bincount(read.labels).tolist() == [each] * 10
        assert read.substitute_for == "mnist"
        assert read.described.endswith(f"{read.digest[:12]}, a substitute for mnist)")


@pytest.mark.parametrize("content", ["", "1,2\n", table([[0] * 785, [0] * 784]), table([[256] * 785]), "a" * 785])
def test_a_table_of_another_form_is_refused(tmp_path, content):
    (tmp_path / "mnist_5k.csv").write_text(content)
    assert "no table" in refused(mnist.read_small, found_in(tmp_path), "train")


# --- the record -----------------------------------------------------------------------------------


@given(levels=st.lists(st.integers(0, 255), min_size=2, max_size=2, unique=True))
def test_a_digest_tells_arrays_apart(levels):
    one, other = (
        images(
            "x", "train", from_bytes(np.full((3, 2), p, np.uint8)), np.zeros(3, np.int64), classes=1, source="a test"
        )
        for p in levels
    )
    assert one.digest != other.digest
    assert one.inputs.dtype == np.float32
    assert one.labels.dtype == np.int64


@pytest.mark.parametrize(
    ("inputs", "labels", "told"),
    [(0, [], "0 inputs"), (2, [0], "2 inputs and 1 labels"), (2, [0, 3], "outside 0..2"), (1, [-1], "outside 0..2")],
)
def test_a_record_of_labels_that_do_not_fit_is_refused(inputs, labels, told):
    arrays = np.zeros((inputs, 2), np.float32), np.array(labels, np.int64)
    with pytest.raises(NoData, match=told):
        images("x", "train", *arrays, classes=3, source="a test")


# --- CIFAR-10 -------------------------------------------------------------------------------------


def cifar_records(count, seed=0):
    stream = np.random.default_rng(seed)
    return np.hstack([stream.integers(10, size=(count, 1)), stream.integers(256, size=(count, 3072))]).astype(np.uint8)


def test_cifar10_is_read_by_colour_row_and_column(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "RECORDS", 4)
    batches = {name: cifar_records(4, k) for k, name in enumerate(cifar10.SOURCE.files)}
    for name, records in batches.items():
        (tmp_path / name).write_bytes(records.tobytes())
    train = cifar10.read(found_in(tmp_path), "train")
    assert len(train) == 16
    valid, records = cifar10.read(found_in(tmp_path), "valid"), batches["data_batch_5.bin"]
    assert valid.labels.tolist() == records[:, 0].tolist()
    green = from_bytes(records[1, 1 + 1024 + 32 * 7 + 5])
    assert valid.pictures[1, 1, 7, 5] == green
    assert cifar10.read(found_in(tmp_path), "test").inputs.shape == (4, 3072)


def test_cifar10_of_another_length_or_label_is_refused():
    content = cifar_records(3).tobytes()
    assert "9218 bytes where 3 records of 3073 belong" in refused(cifar10.parsed, content[:-1], 3, "x")
    assert "label above 9" in refused(cifar10.parsed, b"\x0a" + content[1:], 3, "x")


# --- TIMIT ----------------------------------------------------------------------------------------


def sphere_file(samples, **fields):
    stated = {
        "channel_count": "-i 1", "sample_count": f"-i {len(samples)}", "sample_rate": "-i 16000", "sample_n_bytes": "-i 2",
        "sample_byte_format": "-s2 01", **fields,
    }  # fmt: skip
    header = "NIST_1A\n   1024\n" + "".join(f"{key} {value}\n" for key, value in stated.items()) + "end_head\n"
    order = ">i2" if stated["sample_byte_format"].endswith("10") else "<i2"
    return header.encode().ljust(1024) + np.asarray(samples).astype(order).tobytes()


def tone(frequency, count=8000):
    return np.round(8000 * np.sin(2 * np.pi * frequency * np.arange(count) / timit.RATE)).astype(np.int16)


@pytest.mark.parametrize("order", ["01", "10"])
@given(samples=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=20))
def test_a_sphere_file_reads_back_in_either_byte_order(order, samples):
    assert timit.sphere(sphere_file(samples, sample_byte_format=f"-s2 {order}"), "x").tolist() == samples


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"RIFF1234", "no SPHERE header"),
        (sphere_file([1, 2])[:100], "no SPHERE header"),
        (sphere_file([1, 2])[:500], "cut short"),
        (sphere_file([1, 2], channel_count="-i 2"), "one channel"),
        (sphere_file([1, 2], sample_rate="-i 8000"), "16000 Hz"),
        (sphere_file([1, 2], sample_coding="-s26 pcm,embedded-shorten-v2.00"), "uncompressed"),
        (sphere_file([1, 2])[:-1], "cut short"),
        (sphere_file([1, 2])[:-2], "cut short"),
        (sphere_file([1, 2], sample_byte_format="-s2 11"), "how its samples are stored"),
    ],
)
def test_another_sound_is_refused(content, told):
    assert told in refused(timit.sphere, content, "x")


@pytest.mark.parametrize(
    "text", ["", "0 10 aa\n5 20 b\n", "0 10 qq\n", "0 x aa\n", "0 10\n", "10 10 aa\n", "0 10 \xe9\n"]
)
def test_phones_that_are_none_or_overlap_are_refused(text):
    assert "x" in refused(timit.phones, text.encode("latin-1"), "x")


@given(band=st.integers(3, timit.BANDS - 4))
@settings(max_examples=10)
def test_a_tone_is_loudest_in_the_band_around_it(band):
    """The band's middle on the mel scale; from the fourth on a band is wider than the distance of two frequencies."""
    mel = 2595 * math.log10(1 + timit.RATE / 2 / 700) * (band + 1) / (timit.BANDS + 1)
    loudness = timit.log_bands(tone(700 * (10 ** (mel / 2595) - 1)))
    assert loudness.shape == (1 + (8000 - timit.FRAME) // timit.HOP, timit.BANDS)
    assert abs(loudness.mean(axis=0).argmax() - band) <= 1


def test_silence_and_too_short_a_sound_have_finite_frames():
    assert (timit.log_bands(np.zeros(800, np.int16)) == math.log(timit.QUIETEST)).all()
    assert timit.log_bands(np.zeros(timit.FRAME - 1, np.int16)).shape == (0, timit.BANDS)


@pytest.fixture
def spoken(tmp_path):
    """Eleven training speakers and two others; a sentence of half a second with two phones and a gap, and an SA sentence."""
    for k in range(13):
        room = tmp_path / ("train" if k < 11 else "test") / "dr1" / f"spk{k:02d}"
        room.mkdir(parents=True)
        for sentence in ("sx1", "sa1"):
            (room / f"{sentence}.wav").write_bytes(sphere_file(tone(300 + 100 * k)))
            (room / f"{sentence}.phn").write_text("0 3000 h#\n3000 6000 aa\n")
    return tmp_path


def test_timit_gives_frames_by_phone_and_speakers_to_one_part_each(spoken):
    found = Found("given", timit.SOURCE.tree(spoken), {})
    parts = {part: timit.read(found, part) for part in data.PARTS}
    assert [parts[part].source.split()[0] for part in data.PARTS] == ["10", "1", "2"]
    middles = np.arange(48) * timit.HOP + timit.FRAME // 2
    expected = [timit.PHONES.index("h#" if middle < 3000 else "aa") for middle in middles if middle < 6000]
    assert parts["valid"].labels.tolist() == expected
    train = parts["train"].inputs.astype(np.float64)
    # sums of some 400 float32 numbers of size 1, each rounded by 6e-8, divided by a deviation that is no smaller than 1e-2
    assert np.allclose(train.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(train.std(axis=0), 1, atol=1e-4)


def test_timit_without_test_speakers_or_with_a_sound_alone_is_refused(spoken):
    paths = timit.SOURCE.tree(spoken)
    training = {name: path for name, path in paths.items() if name.startswith("TRAIN")}
    assert "nothing for test" in refused(timit.read, Found("given", training, {}), "train")
    sounds = {name: path for name, path in paths.items() if name.endswith("WAV")}
    assert "no .PHN" in refused(timit.read, Found("given", sounds, {}), "train")


# --- the catalogue --------------------------------------------------------------------------------


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without any data: its own cache, no installed packages."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("INITIUM_DATA", raising=False)
    monkeypatch.setattr("numerics.training.data.packages.installed", lambda package: {})
    return tmp_path


@pytest.mark.parametrize("name", ["mnist", "mnist_small", "fashion_mnist", "cifar10", "timit"])
def test_what_is_not_there_is_never_downloaded_but_said_how_to_get(nowhere, monkeypatch, name):
    monkeypatch.setattr("subprocess.run", lambda *words, **options: pytest.fail("a client was run"))
    assert f"initium data fetch {name}" in refused(data.load, name)
    entry = next(entry for entry in data.available() if entry.name == name)
    assert entry.state == "missing"
    assert f"initium data fetch {name}" in entry.how


def test_shapeset_is_always_there(nowhere, monkeypatch):
    monkeypatch.setattr("numerics.training.data.shapeset.COUNTS", {"test": 20})
    assert len(data.load("shapeset", "test")) == 20
    assert data.fetch("shapeset").state == "generated"


def test_other_names_and_parts_are_refused():
    for action in (data.load, data.fetch):
        with pytest.raises(data.UnknownData, match="there are mnist, "):
            action("nmist")
    with pytest.raises(data.UnknownData, match="train, valid, test"):
        data.load("mnist", "all")
