"""What a person types."""

import sys
from io import BytesIO, TextIOWrapper

import pytest

from ppo_teach.runs.keyboard import typed


def test_a_byte_that_is_no_text_is_read_as_a_word_that_nobody_knows(monkeypatch: pytest.MonkeyPatch):
    lines = "the caf\xe9 is open .\nthe door is open .\n".encode("latin-1")
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines), encoding="utf-8"))
    assert [typed(), typed(), typed()] == ["the caf � is open .", "the door is open .", ""]
