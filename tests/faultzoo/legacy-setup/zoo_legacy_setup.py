"""A module with a part in C."""

from zoo_legacy_answer import answer

__all__ = ["answer"]
