"""The task of `support/regression.py`, for the tests of the loop."""

from regression import console, make_task

__all__ = ["console", "make_task"]
