"""Exercises of the chapter book/ppo/diagnostics.md."""
