"""Applications: a grammar that makes texts, a supervised start, a reward, an evaluation. Each task is a folder.

settings        what a reader may change about a task
task            the one shape of an application, and its evaluation
grammar         helpers for grammars

ticket_clerk    a language of forty replies, on which everything can be computed exactly
generation      film reviews, steered towards praise
poetry          couplets in metre and rhyme
own_lines       a task of a reader's own lines and score
summarisation   a news story in, a headline out
dialogue        a help desk that learns to help
translation     English to Chinese, from a supervised start that learned bad habits
localisation    texts of an app into Chinese: what BLEU does not see
arithmetic      sums, with answers that can be checked

contents        which tasks there are, by name
"""
