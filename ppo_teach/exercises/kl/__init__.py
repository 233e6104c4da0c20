"""Exercises of book/language/kl.md."""
