"""Exercises of book/foundations/softmax-policy.md."""
