"""The works that Initium cites, as facts: what each is, who wrote it, where it appeared.  What is uncertain is left out."""

from papers.bibliography import data, mathematics, networks
from papers.bibliography.work import Work

WORKS = (*networks.WORKS, *mathematics.WORKS, *data.WORKS)

__all__ = ["WORKS", "Work"]
