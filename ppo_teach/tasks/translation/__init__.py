"""English to Chinese.

dictionary      English and Chinese words
english_chinese a grammar of English sentences and their Chinese translations
task            a supervised start that learned bad habits; BLEU
"""
