"""Sums, written out step by step, with answers that can be checked.

sums            problems, careless solutions, and a reader of steps and answers
task            a sum in, its steps and its answer out; the reward is 1 for the right answer, else 0
"""
