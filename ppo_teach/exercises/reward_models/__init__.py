"""Exercises of book/language/reward-models.md."""
