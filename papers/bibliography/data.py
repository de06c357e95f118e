"""Works that describe data sets, and what is done to their signals."""

from __future__ import annotations

from papers.bibliography.work import Work

WORKS = (
    Work(
        "davis1980", "article", ("Steven B. Davis", "Paul Mermelstein"),
        "Comparison of parametric representations for monosyllabic word recognition in continuously spoken sentences", 1980,
        "IEEE Transactions on Acoustics, Speech, and Signal Processing", volume="28", number="4", pages="357-366",
        doi="10.1109/TASSP.1980.1163420",
    ),
    Work(
        "garofolo1993", "misc",
        ("John S. Garofolo", "Lori F. Lamel", "William M. Fisher", "Jonathan G. Fiscus", "David S. Pallett",
         "Nancy L. Dahlgren", "Victor Zue"),
        "TIMIT acoustic-phonetic continuous speech corpus", 1993, "Linguistic Data Consortium, LDC93S1",
    ),
    Work(
        "krizhevsky2009", "misc", ("Alex Krizhevsky",), "Learning multiple layers of features from tiny images", 2009,
        "Technical report, University of Toronto",
    ),
    Work(
        "lecun1998gradient", "article", ("Yann LeCun", "Léon Bottou", "Yoshua Bengio", "Patrick Haffner"),
        "Gradient-based learning applied to document recognition", 1998, "Proceedings of the IEEE", volume="86",
        number="11", pages="2278-2324", doi="10.1109/5.726791",
    ),
    Work(
        "xiao2017", "misc", ("Han Xiao", "Kashif Rasul", "Roland Vollgraf"),
        "Fashion-MNIST: A novel image dataset for benchmarking machine learning algorithms", 2017, arxiv="1708.07747",
    ),
)  # fmt: skip
