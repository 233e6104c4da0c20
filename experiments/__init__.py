"""Experiments: each script asks one question of five seeds. `python -m experiments` lists them; see README.md."""
