"""The command `ppo-teach`, also as `python -m ppo_teach`."""

import codecs
import sys
import unicodedata
from io import TextIOWrapper

# What an encoding may lack, beside Greek letters and small digits.
PLAIN = {
    "✓": "+",
    "✗": "x",
    "○": "o",
    "●": "*",
    "•": "*",
    "·": "*",
    "−": "-",
    "½": "1/2",
    "¼": "1/4",
    "≤": "<=",
    "≥": ">=",
    "∞": "inf",
}
EXERCISES = ("start", "check")


def main() -> None:
    """Hands on to the commands for exercises, which need no language model, or to all of them."""
    write_in_any_encoding()
    if sys.argv[1:] and sys.argv[1] in EXERCISES:
        from ppo_teach.exercises.commands import main as carry_out
    else:
        from ppo_teach.cli import main as carry_out
    carry_out()


def write_in_any_encoding() -> None:
    """From now on, what the encoding of the output lacks is written in plain letters and ends no program."""
    codecs.register_error("plainly", plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="plainly")


def plainly(error: UnicodeError) -> tuple[str, int]:
    """An error handler of `codecs`: what to write instead, and where to go on."""
    return "".join(plain(character) for character in error.object[error.start : error.end]), error.end


def plain(character: str) -> str:
    """In ASCII: γ is gamma, Â is A, and a question mark stands for what we have no word for."""
    name = unicodedata.name(character, "").split()
    if character in PLAIN:
        return PLAIN[character]
    if name[:1] == ["GREEK"]:
        return name[-1].lower().replace("lamda", "lambda")
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"


if __name__ == "__main__":
    main()
