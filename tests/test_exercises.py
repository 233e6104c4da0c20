"""The mechanism of the exercises: whatever a reader's function does, there is a report. Module: exercises."""

import functools
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from all_exercises import EXERCISES

from ppo_teach.advantages import gae
from ppo_teach.exercises import check, check_file, checking, grading
from ppo_teach.exercises.answers import ask
from ppo_teach.exercises.attempts import BORROWED, UNWRITTEN, not_begun
from ppo_teach.exercises.exercise import Exercise
from ppo_teach.exercises.limits import TimeUp, within
from ppo_teach.exercises.ppo.ppo_update import epochs_seen
from ppo_teach.exercises.report import Report
from ppo_teach.exercises.wording import apart, place, told

ARGUMENTS = "rewards, values, next_values, terminated, truncated, *, gamma, lam"
HEADER = f"def gae({ARGUMENTS}):\n"


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch):
    """Shapes are checked at run time here, which takes ten times as long, and the machine may be busy."""
    monkeypatch.setattr(grading, "SECONDS", 120.0)


def written(body: str) -> Callable:
    """A reader's `gae` with this body."""
    names = {"torch": torch, "np": np, "time": time, "theirs": gae}
    exec(HEADER + "\n".join(f"    {line}" for line in body.splitlines()), names)
    return names["gae"]


# What the reader sees


def test_the_report_reads_like_a_teacher():
    # λ = 0.95 and nothing stops at token 1, so Â_0 = 0.95 · 1 + 0.95³ · 1 = 0.95 + 0.857 = 1.81.
    leaky = written(
        "deltas = rewards + gamma * torch.where(terminated, 0.0, next_values) - values\n"
        "advantages, running = torch.zeros_like(deltas), 0.0\n"
        "for t in reversed(range(deltas.shape[1])):\n"
        "    running = advantages[:, t] = deltas[:, t] + gamma * lam * running\n"
        "return advantages"
    )
    report = check("gae", leaky)
    assert report.diagnosis == "the recursion runs through the end of the episode"
    assert str(report) == (
        '✗ gae — this looks like "the recursion runs through the end of the episode"\n'
        "  On rewards [[0, 1, 0, 1]], V = 0, next V = 0, terminated at tokens 1 and 3, γ = 1, λ = 0.95, your "
        "advantage\n"
        "  of token 0 is 1.81 (expected 0.95): credit from the second reply leaked into the first.\n"
        "  Tempting because δ is already masked there; but the running sum is not.\n"
        "  Hint 1 of 3: What should the running sum be just after an episode has ended?\n"
        "  See: Advantages: which token deserves the credit?, “Ends”"
    )


def test_hints_come_one_at_a_time():
    report = Report("gae", "wrong", "not right yet", "Look.", hints=("a question", "a direction", "nearly the answer"))
    assert report.hint == "a question"
    assert "Hint 1 of 3: a question" in report.text()
    assert "direction" not in report.text()
    assert "Hint 2 of 3: a direction" in report.text(hints=2)
    assert "nearly" not in report.text(hints=2)
    # In HTML each is folded, inside the one before it.
    first, second, third = report._repr_html_().split("<details")[1:]
    assert "a question" in first
    assert "a direction" in second
    assert third.count("</details>") == 3


def test_html_escapes_what_the_reader_wrote():
    def gae(*_arguments, **_keywords):
        raise ValueError("<script>alert('&')</script>")

    html = check("gae", gae)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)" in html


def test_html_sets_code_as_code():
    report = Report("gae", "wrong", "no `return`", "`a < b` is wrong\na lone ` stays", hints=("`x`?",))
    html = report._repr_html_()
    for code in ("<code>return</code>", "<code>a &lt; b</code>", "<code>x</code>"):
        assert code in html
    assert "a lone ` stays" in html


def test_html_sets_no_colour_for_text_nor_background():
    # The words take the page's own colours, so they can be read in the dark; only the sign and the edge are coloured.
    html = check("gae", written("return rewards"))._repr_html_()
    assert "background" not in html
    assert html.count("color:") == 1


def test_a_report_without_hints_has_none_to_show():
    report = check("value_loss", EXERCISES["value_loss"].variants[0])
    assert (report.passed, report.hint, report.hints, report.see) == (True, "", (), "")
    assert str(report) == "✓ value_loss — right\n  7 cases and 3 laws, gradients included."
    assert "<details" not in report._repr_html_()


def test_the_same_function_gets_the_same_report():
    wrong = written("return rewards - values")
    assert str(check("gae", wrong)) == str(check("gae", wrong))
    assert str(check("gae", wrong)) == repr(check("gae", wrong))


# Not attempted


@pytest.mark.parametrize("name", EXERCISES)
def test_the_code_to_start_from_is_not_attempted(name: str):
    names: dict[str, object] = dict(vars(sys.modules[EXERCISES[name].function.__module__]))
    exec(EXERCISES[name].stub, names)
    report = check(name, names[name])
    assert (report.verdict, report.passed, report.diagnosis) == ("not attempted", False, None)
    assert EXERCISES[name].goal in report.message
    assert len(report.hints) == 3


@pytest.mark.parametrize(
    "body",
    ["pass", '"""Soon."""', "return None", "raise NotImplementedError", "x = ...\nreturn x", "return NotImplemented"],
)
def test_a_stub_is_not_attempted(body: str):
    report = check("gae", written(body))
    assert report.verdict == "not attempted"
    assert UNWRITTEN in report.message


def test_the_packages_own_function_is_not_attempted():
    call = "gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)"
    imported = written(f"from ppo_teach.advantages import gae\nreturn {call}")
    for borrowed in (gae, lambda *a, **k: gae(*a, **k), functools.partial(gae), imported):
        report = check("gae", borrowed)
        assert report.verdict == "not attempted"
        assert BORROWED in report.message


def test_using_other_functions_of_the_package_is_an_attempt():
    def whiten(x, mask):
        from ppo_teach.masks import masked_mean, zero_padding

        centred = zero_padding(x - masked_mean(x, mask), mask)
        return centred / torch.sqrt(masked_mean(centred.square(), mask) + 1e-8)

    assert check("whiten", whiten).passed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("...", UNWRITTEN),
        ("raise NotImplementedError", UNWRITTEN),
        ("return theirs(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)", BORROWED),
        ("return rewards", ""),
        ("raise SystemExit", ""),
    ],
)
def test_whether_the_reader_has_begun(body: str, reason: str):
    assert not_begun(EXERCISES["gae"], written(body)) == reason


# Whatever it does, there is a report


@pytest.mark.parametrize(
    ("body", "diagnosis"),
    [
        ("rewards + values", "it returns nothing"),
        ("return rewards, values", "it returns a tuple"),
        ("return rewards.tolist()", "it returns a list"),
        ("return str(rewards)", "it returns a str"),
        ("yield rewards", "it returns a generator"),
        ("return rewards > 0", "its result has the type torch.bool"),
        ("return rewards.long()", "its result has the type torch.int64"),
        ("return rewards.to(torch.complex64)", "its result has the type torch.complex64"),
        ("return np.zeros(rewards.shape, dtype=int)", "its result has the type int64"),
        ("return rewards[0]", "its result has the wrong shape"),
        ("return rewards.sum()", "its result has the wrong shape"),
        ("return 0.5 * len(rewards)", "its result has the wrong shape"),
        ("return np.zeros(2)", "its result has the wrong shape"),
        ("rewards -= values\nreturn rewards", "it changes rewards in place"),
        ("values.resize_(0)\nreturn rewards", "it changes values in place"),
        ("terminated |= truncated\nreturn rewards", "it changes terminated in place"),
        ("return rewards[9]", "it raised IndexError"),
        ("return nothing", "it raised NameError"),
        (
            "return gae(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)",
            "it raised RecursionError",
        ),
        ("exit()", "it raised SystemExit"),
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt"),
        ("raise BaseExceptionGroup('two', [SystemExit(), GeneratorExit()])", "it raised BaseExceptionGroup"),
        ("return rewards.to('meta')", "it raised NotImplementedError"),
        ("return rewards", None),
        ("return rewards.half()", None),
        ("return rewards * float('nan')", None),
        ("return (rewards - values).to_sparse()", None),
        ("return torch.nn.Parameter(rewards)", None),
    ],
)
def test_nothing_that_a_function_does_keeps_us_from_a_report(body: str, diagnosis: str | None):
    for found in (check("gae", written(body)), ask_for_problem(written(body))):
        assert not found.passed
        assert found.diagnosis == diagnosis
        assert found.message


def ask_for_problem(function: Callable) -> Report:
    """The same without threads, which a debugger or a measurement of coverage can follow."""
    exercise = EXERCISES["gae"]
    cases, right = grading.cases_of(exercise, 0), grading.right_answers(exercise, 0)
    answers = [ask(exercise, function, case) for case in cases]
    return grading.wrong(exercise, grading.first_mistake(exercise, list(zip(cases, answers, right, strict=True))))


@pytest.mark.parametrize("function", [3, None, "gae", lambda rewards: rewards, print, Exercise])
def test_what_cannot_be_called_gets_a_report(function: object):
    report = check("gae", function)
    assert report.diagnosis == "it cannot be called as the exercise says"
    assert "gae(rewards, values, next_values, terminated, truncated, gamma=…, lam=…)" in report.message


def test_arguments_may_have_other_names():
    right = EXERCISES["gae"].variants[0]
    assert check(
        "gae", lambda r, v, n, term, trunc, gamma, lam: right(r, v, n, term, trunc, gamma=gamma, lam=lam)
    ).passed


def test_an_object_that_can_be_called_is_a_function():
    class Loss:
        def __call__(self, values, returns, mask):
            return 0.5 * (values - returns.detach())[mask].square().mean()

    assert check("value_loss", Loss()).passed
    assert check("value_loss", functools.partial(EXERCISES["value_loss"].variants[0])).passed


def test_an_error_is_told_with_its_line(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(f"{HEADER}    deltas = rewards - values\n    return deltas[:, 7]\n", encoding="utf-8")
    (report,) = check_file(file)
    assert "line 3, `return deltas[:, 7]` raised IndexError: index 7 is out of bounds" in report.message


def test_an_error_in_the_backward_pass_is_reported():
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(_context, x):
            return x.clone()

        @staticmethod
        def backward(_context, _gradient):
            raise ArithmeticError("no way back")

    report = check("value_loss", lambda values, returns, mask: 0.5 * Broken.apply(values)[mask].mean())
    assert report.diagnosis == "it raised ArithmeticError"


def test_a_number_without_a_gradient_is_named():
    report = check("value_loss", lambda values, returns, mask: 0.5 * (values - returns)[mask].square().mean().item())
    assert report.diagnosis == "the critic is detached"
    assert "with respect to values[0, 0] is 0" in report.message


def test_a_gradient_is_that_of_what_the_result_is_called():
    report = check("masked_mean", lambda x, mask: EXERCISES["masked_mean"].variants[0](x.detach(), mask))
    assert "the gradient of your mean with respect to x[0, 0] is 0 (expected 0.5)" in report.message


def test_it_works_while_gradients_are_switched_off():
    with torch.no_grad():
        assert check("value_loss", EXERCISES["value_loss"].variants[0]).passed


def test_random_numbers_of_the_session_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    check("entropy", lambda logits: -torch.distributions.Categorical(logits=logits).sample().double())
    assert torch.equal(torch.rand(3), expected)


def test_what_the_function_prints_is_shown_once(capsys: pytest.CaptureFixture):
    check("gae", written("print('deltas', rewards.shape)\nreturn rewards"))
    assert capsys.readouterr().out == "deltas torch.Size([1, 3])\n"


# An exercise whose answer is a class


PLAYED = EXERCISES["ReplyEnv"].variants[0]


def reply_env(*, reset: Callable = PLAYED.reset, step: Callable = PLAYED.step) -> type:
    """A reader's class, right but for the methods given."""
    return type("ReplyEnv", (PLAYED,), {"reset": reset, "step": step})


def nothing(*_arguments: object) -> None: ...


@pytest.mark.parametrize(
    ("methods", "diagnosis", "particulars"),
    [
        ({"step": nothing}, "its `step` returns nothing", "step 1 returned nothing; there should be five"),
        (
            {"step": lambda env, token: PLAYED.step(env, token)[:3]},
            "its `step` returns 3 things",
            "there should be five",
        ),
        ({"step": lambda env, token: 0.5}, "its `step` returns one float", "there should be five"),
        ({"reset": nothing}, "its `reset` returns nothing", "there should be two things"),
        ({"reset": lambda env: (*PLAYED.reset(env), {})}, "its `reset` returns 3 things", "there should be two things"),
        (
            {"reset": lambda env: (None, PLAYED.reset(env))},
            "its state is of type NoneType",
            "In order: the state, the reward",
        ),
        ({"step": lambda env, token: ([7], None, False, False, {})}, "its reward is of type NoneType", "In order"),
        ({"step": lambda env, token: ([7], 0.0, {}, False, {})}, "its flag is of type dict", "In order"),
        (
            {"reset": lambda env: (PLAYED.reset(env) and "7", {})},
            "its state's token is of type str",
            "a state's token should be",
        ),
        (
            {"reset": lambda env: ([PLAYED.reset(env)[0]], {})},
            "its state's token is of type list",
            "a state's token should be",
        ),
        ({"step": lambda env, token: PLAYED.step(env, token)[:2]}, "two things instead of five", "is 2 (expected 5)"),
        ({"step": lambda env: ()}, "it cannot be called as the exercise says", "but 2 were given"),
        ({"step": lambda env, token: env.reply}, "it raised AttributeError", "has no attribute 'reply'"),
    ],
)
def test_what_a_method_returns_is_named_when_it_cannot_be_played(methods: dict, diagnosis: str, particulars: str):
    report = check("ReplyEnv", reply_env(**methods))
    assert report.diagnosis == diagnosis
    assert particulars in report.message


def test_a_list_of_five_things_can_be_unpacked_too():
    assert check("ReplyEnv", reply_env(step=lambda env, token: [*PLAYED.step(env, token)])).passed


def test_an_error_inside_a_method_is_told_with_its_line(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(
        EXERCISES["ReplyEnv"].stub.split("def reset")[0].replace(": Callable[[list[int]], float]", ""), encoding="utf-8"
    )
    with file.open("a", encoding="utf-8") as lines:
        lines.write("def reset(self):\n        return self.prompt + 7, {}\n    def step(self, token): ...\n")
    (report,) = check_file(file)
    assert report.diagnosis == "it raised TypeError"
    assert "`return self.prompt + 7, {}` raised TypeError: can only concatenate list" in report.message


def test_a_class_is_attempted_when_one_of_its_methods_is_written():
    assert check("ReplyEnv", reply_env(reset=nothing, step=nothing)).verdict == "not attempted"
    assert check("ReplyEnv", reply_env(step=nothing)).verdict == "wrong"
    assert check("ReplyEnv", EXERCISES["ReplyEnv"].function).verdict == "not attempted"


# Exercises whose answer is not one tensor


PAIR = EXERCISES["advantages_and_returns"].variants[0]


@pytest.mark.parametrize(
    ("change", "diagnosis"),
    [
        (lambda advantages, returns: None, "it returns nothing"),
        (lambda advantages, returns: advantages, "it returns one Tensor"),
        (lambda advantages, returns: (advantages, returns, returns), "it returns 3 things"),
        (lambda advantages, returns: (advantages, returns.sum()), "its returns have the wrong shape"),
        (lambda advantages, returns: (3.0, returns), "its advantages have the wrong shape"),
        (lambda advantages, returns: (returns, advantages), "the returns and the advantages are swapped"),
    ],
)
def test_what_is_no_pair_of_tensors_is_named(change: Callable, diagnosis: str):
    report = check("advantages_and_returns", lambda *rows, **settings: change(*PAIR(*rows, **settings)))
    assert report.diagnosis == diagnosis


def test_what_stands_at_padding_in_a_pair_does_not_matter():
    def advantages_and_returns(*rows, **settings):
        return [torch.where(rows[5], x, torch.nan) for x in PAIR(*rows, **settings)]

    assert check("advantages_and_returns", advantages_and_returns).passed


@pytest.mark.parametrize(
    ("of_nothing", "diagnosis"),
    [
        (lambda: torch.tensor(torch.nan), "the mean of nothing is 0/0"),
        (lambda: 0.0, "the mean of nothing is zero"),
        (lambda: None, "the mean of nothing is 0/0"),
        (lambda: 1 / 0, "it raised ZeroDivisionError"),
    ],
)
def test_an_empty_mask_must_be_refused(of_nothing: Callable, diagnosis: str):
    def masked_mean(x, mask):
        return x[mask].mean() if mask.any() else of_nothing()

    assert check("masked_mean", masked_mean).diagnosis == diagnosis


def test_minibatches_make_epochs_where_their_order_can_be_told():
    batch = torch.eye(4)
    first, second = epochs_seen(list(batch[[3, 2, 1, 0, 0, 1, 2, 3]].split(2)), batch, 2)
    assert torch.equal(first, batch.flip(0))
    assert torch.equal(second, batch)
    assert epochs_seen([batch], batch, 4) == ()  # in a single minibatch there is no order
    assert epochs_seen([torch.ones(2, 1)] * 2, torch.ones(4, 1), 2) == ()  # nor among steps that are alike
    (rest,) = epochs_seen([batch, *batch[[2, 3]].split(1), batch[[0, 1]]], batch, 2)
    assert torch.equal(rest, batch[[0, 1]])  # other calls are left out


# Two mistakes at once


def test_a_mistake_is_named_although_another_shows_in_a_law():
    # The maximum for the minimum, and padding multiplied by zero.
    def clipped_surrogate(logprobs, old_logprobs, advantages, mask, *, clip):
        ratio, advantages = (logprobs - old_logprobs.detach()).exp(), advantages.detach()
        x = torch.maximum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
        return (x * mask).sum() / mask.sum()

    assert check("clipped_surrogate", clipped_surrogate).diagnosis == "the maximum for the minimum"


def test_a_mistake_is_named_although_the_gradient_is_missing_as_well():
    def value_loss(values, returns, mask):
        return (values - returns)[mask].square().mean().detach()

    assert check("value_loss", value_loss).diagnosis == "the half is missing"


def test_a_broken_law_is_named_although_another_is_broken_in_a_way_of_its_own():
    # The logarithm of a probability that rounded to zero, with NaN where logits are near 100.
    def action_logprobs(logits, actions):
        table = logits.softmax(dim=-1).log()
        return table.gather(-1, actions[..., None]).squeeze(-1)

    def and_worse(logits, actions):
        answer = action_logprobs(logits, actions)
        return answer * float("nan") if logits.amax() == 102 else answer

    name = "the logarithm of a probability that rounded to zero"
    assert check("action_logprobs", action_logprobs).diagnosis == name
    assert check("action_logprobs", and_worse).diagnosis is None


def test_a_mistake_without_a_name_is_told_all_the_same():
    report = check("gae", written("return rewards - 3 * values"))
    assert report.diagnosis is None
    assert str(report).startswith("✗ gae — not right yet\n  On rewards [[0, 0, 1]]")
    assert "your advantage of token 0 is -0.6 (expected 0.475)." in report.message.replace("\n", " ")
    assert report.hints == EXERCISES["gae"].hints


# The time limit


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """One that went on would take its share of the processor from every test behind it."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(10)
    assert [thread for thread in left if thread.is_alive()] == []


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n    rewards = rewards + 1",
        "while True:\n    try: pass\n    except Exception: pass",
        "while not terminated[0, 1]: pass\nwhile True: pass",
        "time.sleep(3)",
    ],
)
def test_an_endless_loop_ends(body: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(grading, "SECONDS", 0.3)
    report = check("gae", written(body))
    assert report.diagnosis == "it does not come to an end"
    assert "On rewards [[0, 0, 1]]" in report.message


def test_a_loop_that_is_endless_on_some_input_is_told_with_that_input(monkeypatch: pytest.MonkeyPatch):
    right = EXERCISES["value_loss"].variants[0]
    monkeypatch.setattr(grading, "SECONDS", 3.0)

    def value_loss(values, returns, mask):
        while values[0, 0] == 0:
            pass
        return right(values, returns, mask)

    report = check("value_loss", value_loss)
    assert report.diagnosis == "it does not come to an end"
    assert "On V = 0, returns [[1, 3]]" in report.message


def test_the_time_limit_works_in_any_thread():
    caught: list[BaseException] = []

    def work() -> None:
        try:
            within(0.2, endless)
        except TimeUp as error:
            caught.append(error)

    def endless() -> None:
        while True:
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)
    assert len(caught) == 1


def test_a_stopped_loop_is_gone():
    turns = [0]

    def endless() -> None:
        while True:
            turns[0] += 1

    with pytest.raises(TimeUp):
        within(0.2, endless)
    time.sleep(0.2)
    before = turns[0]
    time.sleep(0.2)
    assert turns[0] == before


def test_a_loop_that_swallows_every_exception_does_not_keep_us():
    let_go = []

    def stubborn() -> None:
        while not let_go:
            try:
                time.sleep(0.01)
            except BaseException:  # as careless code does
                continue

    try:
        with pytest.raises(TimeUp):
            within(0.2, stubborn)
    finally:
        let_go.append(True)


def test_within_hands_on_results_and_errors():
    assert within(60.0, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(60.0, lambda: 1 / 0)


# Names and files


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"name must be an exercise: .*gae, .*got 'gea'. Did you mean 'gae'\?"):
        check("gea", gae)
    with pytest.raises(ValueError, match=r"got 'q'$"):
        check("q", gae)


def test_check_file_checks_what_the_reader_wrote_in_the_order_of_the_book(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from ppo_teach.policy import entropy\n"
        f"{HEADER}    return rewards\n"
        "def value_loss(values, returns, mask):\n    return 0.5 * (values - returns.detach())[mask].square().mean()\n"
        "def helper(): pass\n"
        "if __name__ == '__main__': raise SystemExit('not run')\n",
        encoding="utf-8",
    )
    assert [(report.exercise, report.passed) for report in check_file(file)] == [("value_loss", True), ("gae", False)]
    assert [report.exercise for report in check_file(str(file))] == ["value_loss", "gae"]


def test_check_file_says_when_there_is_nothing_to_check(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text("from ppo_teach.advantages import gae\ndef helper(): pass\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine.py must define a function named after an exercise: .*gae"):
        check_file(file)
    with pytest.raises(ValueError, match=r"path must be a Python file or a notebook; there is none at '.*other.py'"):
        check_file(tmp_path / "other.py")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\ny = x +\n", "SyntaxError: invalid syntax (mine.py, line 2)"),
        ("x = 1\ny = x / 0\n", "Line 2 raised ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", "Line 2 raised SystemExit: 3"),
        ("import nowhere_to_be_found\n", "Line 1 raised ModuleNotFoundError"),
    ],
)
def test_a_file_that_cannot_be_run_gets_a_report(text: str, words: str, tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    (report,) = check_file(file)
    assert (report.exercise, report.passed, report.headline) == ("mine.py", False, "this file cannot be run")
    assert words in report.message


def test_a_file_that_never_ends_gets_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "FILE_SECONDS", 0.3)
    file = tmp_path / "mine.py"
    file.write_text("while True: pass\n", encoding="utf-8")
    (report,) = check_file(file)
    assert "did not come to an end" in report.message


# Words


def test_inputs_are_told_exactly_and_briefly():
    inputs = {
        "scores": torch.tensor([1.0, -2.5]),
        "logprobs": torch.tensor([[0.5, 0.25]]).log(),
        "values": torch.zeros(1, 2),
        "mask": torch.tensor([[True, False]]),
        "truncated": torch.tensor([[False, False]]),
        "terminated": torch.tensor([[True, True]]),
        "kl_coef": 0.1,
    }
    assert told(inputs) == (
        "scores [1, -2.5], logprobs log [[0.5, 0.25]], V = 0, padding at token 1, terminated at tokens 0 and 1, β = 0.1"
    )
    assert told({"mask": torch.tensor([[True, True], [True, False]])}) == "padding [[0, 0], [0, 1]]"
    # exp(−200) is 0 in float32; "log [0, 0]" would tell nothing. A token that is ruled out does have the probability 0.
    assert told({"logprobs": torch.tensor([-200.0, -202.0])}) == "logprobs [-200, -202]"
    assert told({"logprobs": torch.tensor([-torch.inf, 0.0])}) == "logprobs log [0, 1]"


@pytest.mark.parametrize(
    ("received", "expected", "words"),
    [
        (1.8074, 0.95, ("1.81", "0.95")),
        (0.12345, 0.12349, ("0.12345", "0.12349")),
        (1234.5, 0.0, ("1234", "0")),
        (1.0, -0.0, ("1", "0")),
        (float("nan"), 1.0, ("nan", "1")),
    ],
)
def test_two_numbers_are_told_apart(received: float, expected: float, words: tuple[str, str]):
    assert apart(received, expected) == words


def test_places_are_told_in_tokens_and_rows():
    assert place((), torch.Size([])) == ""
    assert place((2,), torch.Size([3])) == " of token 2"
    assert place((0, 2), torch.Size([1, 3])) == " of token 2"
    assert place((1, 2), torch.Size([2, 3])) == " of token 2 in row 1"
    assert place((1, 2, 0), torch.Size([2, 3, 4])) == " at [1, 2, 0]"


# The declarations


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_an_exercise_is_declared_in_full(exercise: Exercise):
    assert 5 <= exercise.minutes <= 20
    assert 1 <= exercise.difficulty <= 5
    for case in exercise.all_cases(seed=0):
        call = functools.partial(exercise.play, exercise.function) if exercise.play else exercise.function
        assert list(case.inputs) == list(inspect.signature(call).parameters)
    assert exercise.stub.startswith((f"def {exercise.name}(", f"class {exercise.name}:"))
    for known in exercise.misconceptions:
        for words in (known.consequence, known.tempting):
            assert words
            assert not words.endswith((".", "?"))
        assert known.hint.endswith(("?", "."))
    folder = exercise.chapter.module_of(exercise.name).rpartition(".")[0]
    assert exercise.random_case.__module__.startswith(f"{folder}.")
