"""Exercises of book/foundations/advantages.md."""
