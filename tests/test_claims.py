"""In a notebook a claim that fails is shown, and the notebook goes on; elsewhere an assertion is an assertion."""

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from ppo_teach.claims import show_failed_claims


@pytest.fixture
def shell():
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(shell: InteractiveShell, *cells: str) -> list[dict]:
    """The claims that failed when a notebook with these cells ran; a cell that raises is an error."""
    with capture_output() as captured:
        for cell in ("from ppo_teach.claims import show_failed_claims; show_failed_claims()", *cells):
            shell.run_cell(cell).raise_error()
    return [output.metadata["ppo_teach_claim"] for output in captured.outputs]


def test_a_claim_that_fails_is_shown_with_its_values_and_the_notebook_goes_on(shell: InteractiveShell):
    claims = shown(shell, "paid, meant = 70.125, 40\nassert paid > 75 and meant < 50\nafter = 1", "assert after == 1")
    assert claims == [{"assertion": "paid > 75 and meant < 50", "reasons": ["paid = 70.125"]}]


def test_a_claim_is_judged_once_and_its_sides_are_worked_out_once(shell: InteractiveShell):
    assert shown(shell, "calls = []\nassert len(calls) > calls.append(1) or True", "assert calls == [1]")[1:] == []
    (claim,) = shown(shell, "calls = []\nassert (calls.append(1) or 5) > 7", "assert len(calls) == 1")
    assert claim["reasons"] == ["calls.append(1) or 5 = 5"]


def test_claims_are_found_in_loops_and_functions_and_shown_once(shell: InteractiveShell):
    cell = "def judge(n):\n for i in range(n):\n  with open('/dev/null'):\n   assert i > 9, 'small'\njudge(3)"
    assert shown(shell, cell, "judge(2)") == [{"assertion": "i > 9", "reasons": ["i = 0"]}]


def test_a_claim_that_raises_is_shown_with_its_error(shell: InteractiveShell):
    (claim,) = shown(shell, "assert {}['loss'] < 1")
    assert claim == {"assertion": "{}['loss'] < 1", "reasons": ["KeyError: 'loss'"]}


def test_what_is_long_or_has_many_lines_is_left_out(shell: InteractiveShell):
    cells = ["import torch\nx = torch.zeros(100)\nassert (x == 1).all()", "assert list(range(99)) == []"]
    assert [claim["reasons"] for claim in shown(shell, *cells)] == [[], []]
    (claim,) = shown(shell, "assert torch.tensor(2.5) > 3")
    assert claim["reasons"] == ["torch.tensor(2.5) = tensor(2.5000)"]


def test_a_claim_that_holds_shows_nothing_and_asking_twice_is_asking_once(shell: InteractiveShell):
    again = "show_failed_claims()"
    assert shown(shell, again, "assert all(x < 3 for x in range(3))\nassert 1 < 2 < 3") == []
    assert len(shown(shell, "assert 2 < 1")) == 1
    with capture_output() as captured:
        shell.run_cell("assert 2 < 1")
    (box,) = captured.outputs
    assert box.data["text/plain"] == "Here it came out otherwise: 2 < 1"
    assert "<code>2 &lt; 1</code>" in box.data["text/html"]


def test_outside_a_notebook_an_assertion_is_an_assertion():
    show_failed_claims()
    with pytest.raises(AssertionError):
        exec("assert 2 < 1")
