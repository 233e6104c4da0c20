"""Exercises of book/ppo/ablations.md."""
