"""Measure coldframe against the machine's limits and against other tools.

Usage: python -m benchmarks [founding] [small] [large] [startup] [wire] [--scale 0.1] [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from benchmarks.harness import as_json, compile_modules, describe_machine, may_drop_caches, write_json
from benchmarks.workloads import WORKLOADS, Settings


def main() -> int:
    """Read the options, run the workloads, print their tables."""
    options = _options()
    workspace = os.path.join(os.path.abspath(options.folder), "coldframe-benchmarks")
    machine = describe_machine(options.folder)
    print(*(f"{key}: {value}" for key, value in machine.items()), sep="\n", flush=True)
    compile_modules()
    results = {}
    for name in options.workloads or WORKLOADS:
        shutil.rmtree(workspace, ignore_errors=True)
        os.makedirs(workspace)
        try:
            settings = Settings(
                workspace, options.rounds, options.scale, is_cold=not options.warm and may_drop_caches()
            )
            result = WORKLOADS[name](settings)
        finally:
            shutil.rmtree(workspace, ignore_errors=True)
        print(f"\n{result.markdown()}", flush=True)
        results[name] = as_json(result.series)
        write_json(options.json, {"machine": machine, "scale": options.scale, "results": results})
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", choices=[*WORKLOADS, []], help="which (default: all)")
    parser.add_argument("--scale", type=float, default=1.0, help="shrink the workloads to try the programs out")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default: 5)")
    parser.add_argument("--folder", default=".cache", help="a folder on the disk to measure (default: .cache)")
    parser.add_argument("--json", default=".cache/benchmarks.json", help="where the figures are written")
    parser.add_argument("--warm", action="store_true", help="leave the page cache as it is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
