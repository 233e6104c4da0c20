"""Exercises of book/foundations/value-functions.md."""
