"""Exercises that know the usual mistakes by name: `check("gae", gae)`.

For the reader
    checking    check, check_file
    report      what the reader sees
    beginnings  a file to begin in
    commands    the same from the shell: ppo-teach start, ppo-teach check

For an author, who adds one file to the folder of its chapter, and its name to the contents
    contents    the exercises of each chapter
    exercise    the shape of an exercise
    edits       a wrong implementation as an edit of the right one
    riddle      the shape of one whose answer is no function: what is wrong with these runs?
    averages    mistakes that several exercises share

How grading works
    running     the reader's file or notebook, run with the names of the pages
    grading     from a function to a report
    mistakes    the first mistake, told on one input
    attempts    whether the reader has begun
    answers     asking a function one question, whatever it does with it
    limits      a time limit
    wording     numbers and inputs in words
"""

from ppo_teach.exercises.checking import check, check_file

__all__ = ["check", "check_file"]
