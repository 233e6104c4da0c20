"""Exercises of book/foundations/language-as-mdp.md."""
