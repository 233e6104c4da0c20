"""Exercises of book/applications/summarisation.md."""
