"""Applications: a grammar that makes texts, a supervised start, a reward, an evaluation.

task            the one shape of an application, and its evaluation
provenance      what a number depends on
starts          the supervised start, made once and kept
runs            one seed of a task: PPO, its control, a folder with everything
seeds           several seeds at once, and their table

ticket_clerk    forty replies that everything is exact on
grammar         helpers for grammars
film_reviews    a grammar of film reviews
generation      film reviews, steered towards praise
dictionary      English and Chinese words
english_chinese a grammar of English sentences and their Chinese translations
translation     English to Chinese, from a supervised start that learned bad habits
"""
