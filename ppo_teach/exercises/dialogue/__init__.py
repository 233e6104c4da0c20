"""Exercises of book/applications/dialogue.md."""
