"""Running a task: from its supervised start to a folder with numbers, for one seed or several.

provenance      what a number depends on
folders         a run's settings, and the folder that is its own
starts          the supervised start, made once and kept
run             one seed of a task: PPO, its control, a folder with everything
seeds           several seeds at once, and their table
keyboard        a person types, the models of a finished run answer
chat            a conversation with the desk of a finished run
translate       sentences translated by a finished run
"""
