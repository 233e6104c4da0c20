"""Couplets in metre and rhyme.

verses          a grammar of couplets that knows how its words sound
task            the opening of a couplet in, its rest out; a score that hears metre and rhyme
"""
