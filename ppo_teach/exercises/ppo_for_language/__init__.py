"""Exercises of book/language/ppo-for-language.md."""
