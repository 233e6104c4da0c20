"""What this book needs that Jupyter Book does not have. One module, one promise:

    chapter_map  `map.yml`: chapter → equations → functions and tests
    equations    every labelled equation names its function and its test; `{equation-index}` shows them
    lines        a long line of a listing goes on below, further in
    listings     a page of source for every module and test file, so that names can be links
    diagrams     `{diagram}`: Mermaid, drawn at build time, with alt text
    execution    stored outputs are forgotten when the code they came from changes
    running      the chapters are run, two at a time, before Sphinx reads them
    numbers      what the chapters print is what the published book prints
    claims       what came out otherwise is a warning on the page
    notebooks    every chapter offers its `.ipynb`
    offline      the pages ask for nothing outside themselves
    audit        reads the built pages: alt texts, links, anchors, outside requests

For authors, a diagram is

    ```{diagram} What the picture says, in words: this is the alt text, and it must be there.
    :name: fig-loop
    :caption: One iteration of PPO.

    flowchart TD
        act["`**act**
        write replies`"] --> credit["assign credit"] --> update["update"] --> act
    ```

and a figure drawn by a cell states its alt text in the cell:

    ```{code-cell} ipython3
    ---
    mystnb:
      image:
        alt: Two falling curves; the estimate stays within one standard error of the exact value.
      figure:
        name: fig-variance
        caption: The question, answered.
    ---
    ```
"""

from hashlib import sha256
from importlib import import_module
from pathlib import Path

PARTS = ("execution", "claims", "diagrams", "equations", "lines", "listings", "notebooks", "offline", "audit")


def setup(app: object) -> dict[str, bool]:
    for part in PARTS:  # imported here, so that `chapter_map` can be read where Sphinx is not installed
        import_module(f"ppo_book.{part}").setup(app)
    source = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py")))
    app.add_config_value("ppo_book_source", sha256(source).hexdigest(), "env")  # a change here renews every page
    return {"parallel_read_safe": False, "parallel_write_safe": False}
