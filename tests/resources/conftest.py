"""Fixtures of the resources' tests: both databases."""

from tests.databases import database

__all__ = ["database"]
