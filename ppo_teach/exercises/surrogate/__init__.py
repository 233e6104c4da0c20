"""Exercises of book/ppo/surrogate.md."""
