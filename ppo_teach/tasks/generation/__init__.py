"""Film reviews, steered towards praise.

film_reviews    a grammar of film reviews
task            their openings in, the rest out; a classifier's belief that it is praise
"""
