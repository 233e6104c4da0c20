"""A news story in, a headline out.

news            a grammar of small news stories and their headlines
fact_checker    what a headline says, and whether it is true
task            a story in, a headline out; ROUGE
"""
