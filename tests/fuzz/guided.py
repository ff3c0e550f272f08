"""The same targets, fuzzed by coverage, for hours if one likes: `python -m fuzz.guided TARGET [libFuzzer's options]`.

In the folder `tests`, with atheris installed (Linux, `pip install atheris`), for example
`python -m fuzz.guided requests -max_total_time=600`. What it finds interesting it keeps below `.cache/fuzz`; what fails
belongs into the corpus.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from importlib import import_module
from typing import Any


def main() -> None:
    """Fuzz one target until told to stop."""
    try:
        atheris: Any = import_module("atheris")  # there only where somebody installed it
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris (Linux, Python 3.11 to 3.13)")
    with atheris.instrument_imports(include=["coldframe"]):
        from fuzz import files, heads, policies, values  # noqa: PLC0415 - instrumented as they are imported
        from fuzz.requests import open_requests  # noqa: PLC0415 - likewise
    targets = {target.name: target for target in (*heads.TARGETS, *policies.TARGETS, *values.TARGETS, *files.TARGETS)}
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in {"requests", *targets}:
        sys.exit(f"Which target? One of: {', '.join(sorted({'requests', *targets}))}")
    with ExitStack() as stack:
        folder = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "store")
        target = stack.enter_context(open_requests(folder)) if name == "requests" else targets[name]
        kept = os.path.abspath(os.path.join("..", ".cache", "fuzz", name))
        os.makedirs(kept, exist_ok=True)
        atheris.Setup([sys.argv[0], *sys.argv[2:], kept, target.folder], target.run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
