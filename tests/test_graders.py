"""The graders, graded: what is wrong is refused by its own name, what is right is accepted. Module: exercises."""

import ast
import copy
import inspect
import sys
from collections.abc import Callable, Iterator

import jaxtyping
import pytest
import torch
from all_exercises import EXERCISES
from torch import Tensor

from ppo_teach.exercises import check, grading
from ppo_teach.exercises.answers import ask, close, same
from ppo_teach.exercises.exercise import Case, Exercise
from ppo_teach.exercises.grading import agree, cases_of, causes, known_answer, right_answers, wrong_answers

SEEDS = range(20)
HELD_CONSTANT = {
    "clipped_surrogate": {"old_logprobs", "advantages"},
    "asymmetric_surrogate": {"old_logprobs", "advantages"},
    "importance_weighted_mean": {"old_logprobs"},
    "importance_ratio": {"old_logprobs"},
    "value_loss": {"returns"},
    "clipped_value_loss": {"old_values", "returns"},
    "reinforce_loss": {"weights"},
    "kl_shaped_rewards": {"logprobs", "ref_logprobs"},
    "kl_loss": {"ref_logprobs"},
    "dpo_loss": {"ref_chosen", "ref_rejected"},
    "truncated_importance_weights": {"logprobs", "behaviour_logprobs"},
    "sequence_mean_surrogate": {"old_logprobs", "advantages"},
}


@pytest.fixture(autouse=True)
def no_time_limit(monkeypatch: pytest.MonkeyPatch):
    """test_exercises.py tests it; here it would follow every line of the run-time checks of shapes."""
    monkeypatch.setattr(grading, "within", lambda _seconds, act: act())


@pytest.fixture(autouse=True)
def shapes_unchecked(monkeypatch: pytest.MonkeyPatch):
    """As in a reader's session: they take longer than most answers, and would refuse in the grader's place."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@every_exercise
def test_every_known_wrong_implementation_is_refused_by_its_own_name(exercise: Exercise):
    for known in exercise.misconceptions:
        report = check(exercise.name, known.function)
        assert (report.passed, report.diagnosis) == (False, known.name)
        assert known.consequence in report.message
        assert known.tempting in report.message
        assert report.hints == (known.hint, *exercise.hints[1:])


@every_exercise
@pytest.mark.no_cover  # what runs here has run in the test above
def test_names_do_not_depend_on_the_random_cases(exercise: Exercise):
    # What check() does after asking, without asking each implementation once more for each seed. The first cause found
    # is the right one, so no other known wrong implementation before it answers alike: any two can be told apart.
    for seed in SEEDS:
        cases, right, wrong = cases_of(exercise, seed), right_answers(exercise, seed), wrong_answers(exercise, seed)
        for known, answers in wrong:
            cause, places = next(causes(cases, answers, right, wrong))
            assert (cause.name, len(places)) == (known.name, len(cases))


@every_exercise
def test_no_two_known_wrong_implementations_answer_alike(exercise: Exercise):
    wrong, everywhere = wrong_answers(exercise, 0), range(len(cases_of(exercise, 0)))
    for known, answers in wrong:
        assert [other.name for other, theirs in wrong if agree(answers, theirs, everywhere, True)] == [known.name]
    assert len({known.name for known, _ in wrong}) == len(wrong)


@every_exercise
def test_known_wrong_implementations_answer_every_case(exercise: Exercise):
    # One that raises would be told apart by what it raises, and nobody else's would be recognised.
    assert [
        (known.name, answer.problem)
        for known, answers in wrong_answers(exercise, 0)
        for answer in answers
        if answer.problem
    ] == []


@every_exercise
def test_every_mistake_can_be_shown_on_a_case_written_by_hand(exercise: Exercise):
    # Random cases are too wide to be read: they are for mistakes that nobody has thought of.
    by_hand = (exercise.worked, *exercise.cases)
    right = [ask(exercise, exercise.function, case) for case in by_hand]
    for known in exercise.misconceptions:
        answers = [ask(exercise, known.function, case) for case in by_hand]
        assert not all(map(same, answers, right)), known.name


@every_exercise
def test_no_case_written_by_hand_is_useless(exercise: Exercise):
    by_hand = (exercise.worked, *exercise.cases)
    for case in by_hand:
        right = ask(exercise, exercise.function, case)
        assert not all(same(ask(exercise, known.function, case), right) for known in exercise.misconceptions)


@every_exercise
def test_every_right_implementation_passes(exercise: Exercise):
    assert len(exercise.variants) >= 3
    for variant in exercise.variants:
        report = check(exercise.name, variant)
        assert report.passed, f"{variant.__name__}: {report}"
        for seed in SEEDS:
            cases, right = cases_of(exercise, seed), right_answers(exercise, seed)
            answers = [known_answer(exercise, variant, case) for case in cases]
            assert agree(answers, right, range(len(cases)), True), f"{variant.__name__}, seed {seed}"


@every_exercise
def test_the_answer_on_paper_is_the_answer(exercise: Exercise):
    worked = exercise.call(exercise.function, exercise.worked.inputs)
    assert close(worked.double(), torch.tensor(exercise.answer, dtype=torch.float64))


@every_exercise
def test_expected_gradients_are_finite_differences_or_zero_where_held_constant(exercise: Exercise):
    constant = HELD_CONSTANT.get(exercise.name, set())
    assert constant <= set(exercise.gradients)
    for case in (case for case in exercise.all_cases(seed=0) if not case.law):
        found = ask(exercise, exercise.function, case).gradients
        for name in exercise.gradients:
            expected = torch.zeros_like(found[name]) if name in constant else slopes(exercise, case, name)
            # The gradient is float32's, the difference quotient of float64 is good to 1e-6.
            torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-5)


def slopes(exercise: Exercise, case: Case, name: str) -> Tensor:
    """(f(x + h) − f(x − h)) / 2h of the result's sum, for each entry x of one argument, in float64."""
    inputs = {key: x.double() if torch.is_tensor(x) and x.is_floating_point() else x for key, x in case.inputs.items()}
    x, h, result = inputs[name], 1e-6, torch.zeros_like(inputs[name])
    for index in torch.cartesian_prod(*map(torch.arange, x.shape)).view(-1, x.dim()).tolist():
        step = torch.zeros_like(x)
        step[tuple(index)] = h
        above, below = (exercise.call(exercise.function, inputs | {name: x + s}).sum() for s in (step, -step))
        result[tuple(index)] = (above - below) / (2 * h)
    return result.float()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_cases_take_every_branch(seed: int):
    drawn = {name: [case for case in e.all_cases(seed)[1:] if case not in e.cases] for name, e in EXERCISES.items()}
    for case in (*drawn["clipped_surrogate"], *drawn["clip_fraction"]):
        it = {name: x[case.inputs["mask"]] for name, x in case.inputs.items() if name != "clip"}
        ratio, clip = (it["logprobs"] - it["old_logprobs"]).exp(), case.inputs["clip"]
        zone = (ratio > 1 - clip).int() + (ratio > 1 + clip).int()
        assert set(zip(zone.tolist(), (it["advantages"] > 0).tolist(), strict=True)) == {
            (z, up) for z in (0, 1, 2) for up in (True, False)
        }
    for case in drawn["gae"]:
        terminated, truncated = case.inputs["terminated"], case.inputs["truncated"]
        assert terminated[:, :-1].any(dim=1).all()
        assert truncated[:, :-1].any(dim=1).all()
        assert (terminated | truncated)[:, -1].tolist() == [True, False]
    for case in drawn["td_residuals"]:
        assert case.inputs["terminated"][:, :-1].any(dim=1).all()
        assert case.inputs["terminated"][:, -1].tolist() == [True, False]
    for case in drawn["bootstrap_values"]:
        terminated, truncated = case.inputs["terminated"], case.inputs["truncated"]
        for kind in (terminated, truncated & ~terminated, ~terminated & ~truncated):
            assert kind[:, :-1].any(dim=1).all()
        assert (terminated | truncated)[:, -1].tolist() == [True, False]
    for case in drawn["clipped_value_loss"]:
        it = {name: x[case.inputs["mask"]] for name, x in case.inputs.items() if name != "clip"}
        move, wanted = it["values"] - it["old_values"], it["returns"] - it["old_values"]
        zone = (move > -case.inputs["clip"]).int() + (move > case.inputs["clip"]).int()
        assert {(z, up) for z in (0, 1, 2) for up in (True, False)} <= set(
            zip(zone.tolist(), (wanted > 0).tolist(), strict=True)
        )
        assert ((move.sign() == wanted.sign()) & (move.abs() > wanted.abs())).any()  # one went past its return
    for name in ("value_loss", "clipped_value_loss", "masked_mean", "whiten", "kl_shaped_rewards"):
        for case in drawn[name]:
            assert len(set(case.inputs["mask"].sum(dim=1).tolist())) == 3
    for case in drawn["action_logprobs"]:
        assert (case.inputs["logits"].argmax(dim=-1) != case.inputs["actions"]).any()
    assert {name for name, cases in drawn.items() if len(cases) < 3} == set()


class Mutation(ast.NodeTransformer):
    """Changes the n-th place of a function where something can be changed, and counts the places."""

    operators = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd}
    names = {"minimum": "maximum", "log_softmax": "softmax", "sum": "mean", "exp": "log1p", "square": "abs"}

    def __init__(self, n: int):
        self.n, self.places, self.change = n, 0, ""

    def here(self, change: str) -> bool:
        self.places += 1
        if self.places - 1 == self.n:
            self.change = change
        return self.places - 1 == self.n

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if type(node.op) in self.operators and self.here(f"operator in {ast.unparse(node)}"):
            node.op = self.operators[type(node.op)]()
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if self.here(f"sign in {ast.unparse(node)}"):
            return node.operand
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr in self.names and self.here(f"{node.attr} in {ast.unparse(node)}"):
            node.attr = self.names[node.attr]
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "detach" and self.here(ast.unparse(node)):
            return node.func.value
        if isinstance(node.func, ast.Name) and node.func.id == "zero_padding" and self.here(ast.unparse(node)):
            return node.args[0]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, int | float) and self.here(f"number {node.value}"):
            return ast.Constant(node.value + 1)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node  # the docstring, and the checks of the arguments


def mutants(function: Callable) -> Iterator[tuple[str, Callable]]:
    """The function with one place changed, for each place, with a word about the change."""
    original, n = inspect.unwrap(function), 0
    tree = ast.parse(inspect.getsource(original))
    for definition in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        definition.decorator_list, definition.returns = [], None
        for argument in (*definition.args.args, *definition.args.kwonlyargs):
            argument.annotation = None
    while True:
        mutation = Mutation(n)
        changed = mutation.visit(copy.deepcopy(tree))
        if n >= mutation.places:
            return
        names = dict(vars(sys.modules[original.__module__]))
        exec(compile(ast.fix_missing_locations(changed), "mutant", "exec"), names)
        yield mutation.change, names[original.__name__]
        n += 1


# Changes that nobody can see: log-probs and values at padding are 0, so nothing comes of junk beside them; a token that
# the policy rules out has the weight 0; scores are numbers that no reader needs to hold constant;
# and a sum is NaN where the product is.
EQUIVALENT = {
    "clipped_surrogate": {"zero_padding(old_logprobs, mask)", "zero_padding(advantages.detach(), mask)"},
    "asymmetric_surrogate": {"zero_padding(old_logprobs, mask)", "zero_padding(advantages.detach(), mask)"},
    "clipped_value_loss": {"zero_padding(old_values.detach(), mask)", "zero_padding(returns.detach(), mask)"},
    "exact_kl": {"number 0.0"},
    "kl_loss": {"zero_padding(ref_logprobs.detach(), mask)"},
    "kl_shaped_rewards": {"scores.detach()"},
}


@every_exercise
def test_no_slightly_changed_copy_of_the_right_function_passes(exercise: Exercise):
    tried = list(mutants(exercise.function))
    assert tried
    passed = {change for change, mutant in tried if check(exercise.name, mutant).passed}
    assert passed == EQUIVALENT.get(exercise.name, set())
