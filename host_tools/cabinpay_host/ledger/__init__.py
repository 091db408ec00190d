"""The ledger: receipts as given, what they are worth, and the postings that follow."""

from .store import Ledger, Taken

__all__ = ["Ledger", "Taken"]
