"""Exercises of book/applications/translation.md."""
