"""A help desk that learns to help.

help_desk       what a help desk sees, says and means
conversations   a customer, and whole conversations with a desk
desk_rules      what a support desk, an assistant and a character are paid for
task            a screen and a conversation in, one reply out; the support desk's rule
"""
