"""Applications: a grammar that makes texts, a supervised start, a reward, an evaluation.

settings        what a reader may change about a task
task            the one shape of an application, and its evaluation

ticket_clerk    forty replies that everything is exact on
grammar         helpers for grammars
film_reviews    a grammar of film reviews
generation      film reviews, steered towards praise
verses          a grammar of couplets that knows how its words sound
poetry          couplets in metre and rhyme
news            a grammar of small news stories and their headlines
fact_checker    what a headline says, and whether it is true
summarisation   a news story in, a headline out
help_desk       what a help desk sees, says and means
conversations   a customer, and whole conversations with a desk
desk_rules      what a support desk, an assistant and a character are paid for
dialogue        a help desk that learns to help
dictionary      English and Chinese words
english_chinese a grammar of English sentences and their Chinese translations
translation     English to Chinese, from a supervised start that learned bad habits
app_texts       a grammar of texts of an app, and the rules that their translations keep
localisation    texts of an app into Chinese: what BLEU does not see
"""
