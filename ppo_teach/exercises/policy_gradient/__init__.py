"""Exercises of book/foundations/policy-gradient.md."""
