"""Texts of an app into Chinese.

app_texts       a grammar of texts of an app, and the rules that their translations keep
task            BLEU, and what BLEU does not see
"""
