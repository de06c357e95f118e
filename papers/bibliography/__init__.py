"""The works that Initium cites, as facts: what each is, who wrote it, where it appeared.  What is uncertain is left out."""

from papers.bibliography import mathematics, networks
from papers.bibliography.work import Work

WORKS = (*networks.WORKS, *mathematics.WORKS)

__all__ = ["WORKS", "Work"]
