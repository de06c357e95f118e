"""Fashion-MNIST: 70,000 articles of clothing of 28 x 28 grey levels, in files of MNIST's form (xiao2017).

The first 50,000 training images train, the last 10,000 validate, the test images test, as with MNIST.
"""

from __future__ import annotations

from numerics.training.data.images import Images, Part
from numerics.training.data.mnist import NAMES, from_idx
from numerics.training.data.packages import Package
from numerics.training.data.store import Found, Source

SOURCE = Source(
    name="fashion_mnist",
    how="put its four IDX files into a folder",
    files={
        "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    package=Package(
        "apt-get",
        "dataset-fashion-mnist",
        "0.0~git20200523.55506a9-1",
        "usr/share/datasets/fashion-mnist",
        tuple(f"{name}.gz" for names in NAMES.values() for name in names),
    ),
)


def read(found: Found, part: Part) -> Images:
    """A part of Fashion-MNIST."""
    return from_idx(found, part, SOURCE)
