"""The store ``imagined/``: every paid answer as files that people can read, diff and commit."""

from .journal import Entry, Journal
from .records import RECORDED_ERRORS, Answer
from .store import FOLDER, Store, find_root

__all__ = ["FOLDER", "RECORDED_ERRORS", "Answer", "Entry", "Journal", "Store", "find_root"]
