"""Known wrong numbers to put into a report, for `quality_to_report`."""

from ppo_teach.exercises.exercise import Misconception

MISCONCEPTIONS = (
    Misconception(
        "the training reward reported as quality",
        lambda learned, validation, test: learned.max(),
        "this is how far PPO got with the judge, and says nothing about what was meant",
        "it is the number in the log, and its curve is the smoothest",
        "Who produced this number, and has anybody who knows better looked at the replies?",
    ),
    Misconception(
        "the last training reward",
        lambda learned, validation, test: learned[-1],
        "this is how far PPO got with the judge, and says nothing about what was meant",
        "it is the last line of the log",
        "Who produced this number, and has anybody who knows better looked at the replies?",
    ),
    Misconception(
        "chosen by the learned score",
        lambda learned, validation, test: test[learned.argmax()],
        "the checkpoint that pleased the judge most was kept; the number reported for it is honest, and poor",
        "the run maximises this score, so its maximum looks like the goal",
        "At which checkpoint would you have stopped, had you seen the gold scores?",
    ),
    Misconception(
        "the last checkpoint",
        lambda learned, validation, test: test[-1],
        "training went on after the best checkpoint, and what it broke was kept",
        "the last checkpoint has been trained longest",
        "Is the gold score highest where the learned one is?",
    ),
    Misconception(
        "chosen on the test set",
        lambda learned, validation, test: test.max(),
        "the luckiest of K numbers was reported; on fresh prompts it will be lower",
        "the test set is the fairest judge there is, so one would like to ask it",
        "If all K checkpoints were equally good, would this number be right on average?",
    ),
    Misconception(
        "chosen on validation and test together",
        lambda learned, validation, test: test[(validation + test).argmax()],
        "the test prompts had a part in the choice, so the number is lucky; on fresh prompts it will be lower",
        "twice as many prompts choose better",
        "Which prompts have had no part in the choice?",
    ),
    Misconception(
        "reported on the prompts that chose it",
        lambda learned, validation, test: validation.max(),
        "the number that won the choice was reported; on fresh prompts it will be lower",
        "the choice was made by this number, and it is a gold score",
        "If all K checkpoints were equally good, would this number be right on average?",
    ),
    Misconception(
        "the learned score of the right checkpoint",
        lambda learned, validation, test: learned[validation.argmax()],
        "the right checkpoint was kept, and its training reward was reported as quality",
        "it is the run's own metric, and the choice was honest",
        "Which of the three columns is in units of what was meant?",
    ),
    Misconception(
        "validation and test are swapped",
        lambda learned, validation, test: validation[test.argmax()],
        "the test prompts chose, and the validation prompts reported",
        "both are held out, so either may do either job",
        "Which of the two sets is asked again and again while one is still choosing?",
    ),
    Misconception(
        "the latest of equals",
        lambda learned, validation, test: test[len(validation) - 1 - validation.flip(0).argmax()],
        "of two equally good checkpoints the one was kept that has drifted farther",
        "`>=` in a loop, where `>` is meant",
        "Two checkpoints are equally good. Which of them is nearer to the start?",
    ),
    Misconception(
        "the mean over checkpoints",
        lambda learned, validation, test: test.mean(),
        "nobody can use a mean of checkpoints; one of them is kept",
        "a mean is less noisy than any of its terms",
        "Which weights will you hand over?",
    ),
    Misconception(
        "the start",
        lambda learned, validation, test: test[0],
        "this is where the run set out from",
        "index 0 is the first that comes to mind",
        "Which checkpoint would you keep?",
    ),
    Misconception(
        "the gain over the start",
        lambda learned, validation, test: test[validation.argmax()] - test[0],
        "the quality of the start was subtracted",
        "a gain is what a paper is about, and worth a row of its own",
        "What was asked for: how good, or how much better?",
    ),
)
