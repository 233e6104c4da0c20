"""Exercises of book/ppo/ppo.md."""
