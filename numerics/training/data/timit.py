"""TIMIT: frames of read speech and their phones (garofolo1993), from one's own copy; it needs a licence.

*Files.* TRAIN and TEST / region / speaker / sentence, a .WAV and a .PHN each. The sound is in the SPHERE form: a header of
text ("NIST_1A", its length in bytes, lines KEY -TYPE VALUE, "end_head") and then 16-bit samples of one channel. A .PHN has
lines FIRST END PHONE, in samples.

*Inputs.* Frames of 25 ms, one every 10 ms, under a Hamming window; the logarithm of the power in 40 triangular bands,
equally spaced from 0 to 8 kHz on the mel scale 2595 log10(1 + f/700) (davis1980); each band with mean 0 and variance 1 over
the training part. No frame sees its neighbours. The label is the phone at the frame's middle, one of 61.

*Parts.* The two SA sentences, the same for all speakers, are left out, as is usual. Of the training speakers in alphabetical
order each tenth validates.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from numerics.training.data.images import Images, Inputs, Labels, NoData, Part, images
from numerics.training.data.store import Found, Source

RATE = 16_000  # samples a second
FRAME, HOP, SPECTRUM, BANDS = 400, 160, 512, 40
QUIETEST = (
    1.0  # added to a band's power: far less than rounding to whole numbers alone gives, some FRAME/12 a frequency
)
VALID_EVERY = 10  # speakers
PHONES = (
    *("aa", "ae", "ah", "ao", "aw", "ax", "ax-h", "axr", "ay", "b", "bcl", "ch", "d", "dcl", "dh", "dx", "eh", "el", "em"),
    *("en", "eng", "epi", "er", "ey", "f", "g", "gcl", "h#", "hh", "hv", "ih", "ix", "iy", "jh", "k", "kcl", "l", "m", "n"),
    *("ng", "nx", "ow", "oy", "p", "pau", "pcl", "q", "r", "s", "sh", "t", "tcl", "th", "uh", "uw", "ux", "v", "w", "y"),
    *("z", "zh"),
)  # fmt: skip
Samples = NDArray[np.int16]


def _tree(folder: Path) -> dict[str, Path]:
    """The utterances below a folder, by their names in capitals from TRAIN or TEST on."""
    named = {"/".join(path.parts[-4:]).upper(): path for path in sorted(folder.rglob("*"))}
    wanted = re.compile(r"(TRAIN|TEST)/[^/]+/[^/]+/(?!SA)[^/]+\.(WAV|PHN)")
    return {name: path for name, path in named.items() if wanted.fullmatch(name)}


SOURCE = Source(
    name="timit",
    how="get it from the Linguistic Data Consortium, catalogue number LDC93S1",
    files={},
    tree=_tree,
)


def read(found: Found, part: Part) -> Images:
    """A part of TIMIT as frames; raises NoData for a damaged or missing file."""
    everything = sorted(name.removesuffix(".WAV") for name in found.paths if name.endswith(".WAV"))
    speakers = sorted({_speaker(name) for name in everything if name.startswith("TRAIN/")})
    valid = set(speakers[VALID_EVERY - 1 :: VALID_EVERY])
    chosen = {
        "train": [name for name in everything if name.startswith("TRAIN/") and _speaker(name) not in valid],
        "valid": [name for name in everything if _speaker(name) in valid],
        "test": [name for name in everything if name.startswith("TEST/")],
    }
    if lacking := [each for each, names in chosen.items() if not names]:
        raise NoData(f"this copy of timit has nothing for {', '.join(lacking)}; {SOURCE.how}.")
    training, labels = _frames(found, chosen["train"])
    mean, deviation = training.mean(axis=0, dtype=np.float64), training.std(axis=0, dtype=np.float64)
    inputs, labels = (training, labels) if part == "train" else _frames(found, chosen[part])
    scaled = (inputs - mean) / np.maximum(deviation, np.finfo(np.float32).tiny)  # a band that never changes stays 0
    words = f"{len(chosen[part])} utterances of one's own copy"
    return images("timit", part, scaled.astype(np.float32), labels, classes=len(PHONES), source=words)


def sphere(content: bytes, name: str) -> Samples:
    """The samples of a SPHERE file; raises NoData unless it is whole, of 16 kHz, 16 bits, one channel, not compressed."""
    magic, _, rest = content.partition(b"\n")
    length = rest.partition(b"\n")[0].strip()
    if magic != b"NIST_1A" or not length.isdigit() or b"end_head" not in content[: int(length)]:
        raise NoData(f"{name} has no SPHERE header; give the .WAV files as the publisher made them.")
    lines = [line.split(None, 2) for line in content[: int(length)].decode("latin-1").splitlines()[2:]]
    fields = {line[0]: line[2].strip() for line in lines if len(line) == 3}
    wanted = {"channel_count": "1", "sample_rate": str(RATE), "sample_n_bytes": "2"}
    if any(fields.get(key) != value for key, value in wanted.items()) or fields.get("sample_coding", "pcm") != "pcm":
        raise NoData(
            f"{name} is not uncompressed sound of {RATE} Hz, 16 bits and one channel; give the publisher's file."
        )
    order = {"01": "<i2", "10": ">i2"}.get(fields.get("sample_byte_format", ""))
    body = content[int(length) :]
    if order is None or fields.get("sample_count") != str(len(body) // 2) or len(body) % 2:
        raise NoData(f"{name} is cut short or does not say how its samples are stored; get it anew.")
    return np.frombuffer(body, order).astype(np.int16)


def phones(content: bytes, name: str) -> list[tuple[int, int, int]]:
    """The lines of a .PHN: first sample, the one after the last, index into PHONES; raises NoData for any other text."""
    try:
        lines = [line.split() for line in content.decode("ascii").splitlines()]
        found = [(int(first), int(end), PHONES.index(phone)) for first, end, phone in lines]
    except (ValueError, UnicodeDecodeError):
        raise NoData(
            f"{name} has a line that is not FIRST END PHONE with one of the {len(PHONES)} phones; get it anew."
        ) from None
    if not found or any(a >= b for a, b, _ in found) or any(one[1] > two[0] for one, two in pairwise(found)):
        raise NoData(f"{name} has no phones, or phones that are not one after the other; get it anew.")
    return found


def log_bands(samples: Samples) -> Inputs:
    """The logarithms of the power in each band, (frames, 40); as many frames as lie wholly within the samples."""
    if len(samples) < FRAME:
        return np.empty((0, BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64), FRAME)[::HOP] * np.hamming(FRAME)
    power = np.abs(np.fft.rfft(frames, SPECTRUM)) ** 2
    return np.log(power @ _filters() + QUIETEST).astype(np.float32)


def _filters() -> NDArray[np.float64]:
    """Triangles that rise from one corner to the next and fall to the one after, (bins, bands)."""
    corners = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(SPECTRUM, 1 / RATE)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    return np.maximum(np.minimum(rising, falling), 0)


def _frames(found: Found, names: list[str]) -> tuple[Inputs, Labels]:
    """The frames of utterances that lie in a phone, and the phones."""
    inputs, labels = [], []
    for name in names:
        if f"{name}.PHN" not in found.paths:
            raise NoData(f"{name}.WAV has no .PHN beside it; {SOURCE.how}.")
        bands = log_bands(sphere(found.content(f"{name}.WAV"), f"{name}.WAV"))
        spoken = np.array(phones(found.content(f"{name}.PHN"), f"{name}.PHN"))
        middles = np.arange(len(bands)) * HOP + FRAME // 2
        at = np.searchsorted(spoken[:, 0], middles, side="right") - 1
        inside = (at >= 0) & (middles < spoken[at, 1])
        inputs.append(bands[inside])
        labels.append(spoken[at[inside], 2])
    return np.concatenate(inputs), np.concatenate(labels).astype(np.int64)


def _speaker(name: str) -> str:
    return name.rpartition("/")[0]
