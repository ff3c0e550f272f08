"""Fail if a test that should have run here was skipped, and end with one line of totals.

Usage: python tools/skipped.py JUNIT_XML ALLOWED

ALLOWED holds one regular expression a line, matched against `module.test: reason`; lines that begin with `#` say why.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def main(report: str, allowed_path: str) -> int:
    """Print what was skipped and the totals; answer the exit code."""
    lines = Path(allowed_path).read_text(encoding="utf-8").splitlines()
    allowed = [re.compile(line) for line in lines if line.strip() and not line.startswith("#")]
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - the file was just written by our own pytest
    outcomes = Counter(_outcome(case) for case in cases)
    forbidden = [text for text in map(_skip, cases) if text and not any(one.search(text) for one in allowed)]
    for text in forbidden:
        print(f"skipped, but should run here: {text}")
    failed = outcomes["failure"] + outcomes["error"]
    print(f"{outcomes['passed']} passed, {failed} failed, {outcomes['skipped']} skipped")
    return 1 if forbidden or failed or not outcomes["passed"] else 0


def _outcome(case: ET.Element) -> str:
    kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
    return min(kinds, default="passed")


def _skip(case: ET.Element) -> str:
    skipped = case.find("skipped")
    if skipped is None:
        return ""
    return f"{case.get('classname')}.{case.get('name')}: {skipped.get('message')}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
