"""What the reader sees: in a terminal as text, in a notebook as HTML. The same words in both."""

import re
import textwrap
from dataclasses import dataclass
from html import escape

PASSED, WRONG, NOT_ATTEMPTED = "passed", "wrong", "not attempted"
SIGNS = {PASSED: "✓", WRONG: "✗", NOT_ATTEMPTED: "○"}
# Bright enough on black, dark enough on white; the words beside it take the page's own colour.
COLOURS = {PASSED: "#2e8b57", WRONG: "#d1495b", NOT_ATTEMPTED: "#808890"}


@dataclass(frozen=True, repr=False)
class Report:
    """The outcome of `check`.

    verdict     'passed', 'wrong' or 'not attempted'
    headline    one line
    diagnosis   the name of the mistake, when we know it
    message     one concrete input, what came out and what was expected; then why the mistake is tempting
    hints       from a question to nearly the answer; read them one at a time
    see         the chapter and section
    """

    exercise: str
    verdict: str
    headline: str
    message: str
    diagnosis: str | None = None
    hints: tuple[str, ...] = ()
    see: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == PASSED

    @property
    def hint(self) -> str:
        """The gentlest hint; `report.hints[1]` is the next."""
        return self.hints[0] if self.hints else ""

    def text(self, hints: int = 1) -> str:
        """For a terminal, with this many of the hints."""
        blocks = [self.message]
        shown = self.hints[:hints]
        blocks += [f"Hint {i} of {len(self.hints)}: {hint}" for i, hint in enumerate(shown, start=1)]
        blocks += [f"See: {self.see}"] if self.see else []
        lines = [line for block in blocks for line in block.splitlines()]
        wrapped = [textwrap.fill(line, width=110, initial_indent="  ", subsequent_indent="  ") for line in lines]
        return "\n".join([f"{SIGNS[self.verdict]} {self.exercise} — {self.headline}", *wrapped])

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        """For a notebook: each hint folded inside the one before it."""
        paragraphs = [f"<p style='margin:0.3em 0'>{marked(line)}</p>" for line in self.message.splitlines()]
        folded = ""
        for i, hint in reversed(list(enumerate(self.hints, start=1))):
            folded = (
                f"<details style='margin:0.3em 0'><summary style='cursor:pointer'>Hint {i} of {len(self.hints)}"
                f"</summary><p style='margin:0.3em 0 0.3em 1em'>{marked(hint)}</p>{folded}</details>"
            )
        see = f"<p style='margin:0.3em 0'><em>See: {escape(self.see)}</em></p>" if self.see else ""
        colour = COLOURS[self.verdict]
        return (
            f"<div style='border-left:4px solid {colour};padding:0.1em 0 0.1em 0.9em;margin:0.5em 0;max-width:48em'>"
            f"<p style='margin:0.3em 0'><strong><span style='color:{colour}'>{SIGNS[self.verdict]}</span> "
            f"{escape(self.exercise)}</strong> — {marked(self.headline)}</p>"
            f"{''.join(paragraphs)}{folded}{see}</div>"
        )


def marked(words: str) -> str:
    """As HTML, with code where the words have `backticks`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words))
