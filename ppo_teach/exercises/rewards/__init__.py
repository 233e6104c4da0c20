"""Exercises of book/language/rewards.md."""
