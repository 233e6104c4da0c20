"""Exercises of book/applications/generation.md."""
