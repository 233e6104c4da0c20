"""Exercises of book/language/language-models.md."""
