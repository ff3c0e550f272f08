"""Runs the AWS CLI: plain commands, and the examples of its own documentation."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clients.serving import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from clients.serving import Account

_ACCOUNT = re.compile(r"^\d{12}$|(?<=:)\d{11,13}(?=:vaults/|:my-)")  # some of the documentation's have 11 or 13 digits
_ATTACHED = re.compile(r"file://(\S+)")
_BLOCK = re.compile(r"^([ ]{2,})(\S.*(?:\n(?:\1.*|[ ]*))*)", re.MULTILINE)
_REMEMBERED = {"archiveId": "--archive-id", "uploadId": "--upload-id", "jobId": "--job-id", "lockId": "--lock-id"}


class Refused(Exception):
    """The command ended badly."""

    def __init__(self, exit_code: int, message: str) -> None:
        """Keep what it said on standard error."""
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message


@dataclass(frozen=True, slots=True)
class AwsCli:
    """The `aws` command with an account's key, in a folder of its own."""

    program: Path
    account: Account
    folder: Path

    def version(self) -> str:
        """What it calls itself."""
        return self.run("--version", service=None).strip()

    def glacier(self, *arguments: str) -> Any:
        """What a command answers, None if that is nothing; raises `Refused`."""
        answer = self.run(*arguments)
        return json.loads(answer) if answer.strip() else None

    def run(self, *arguments: str, service: str | None = "glacier") -> str:
        """What a command prints; raises `Refused`."""
        command = [str(self.program), *([service] if service else []), *arguments]
        environ = {**self.account.environ(self.folder), "AWS_DEFAULT_OUTPUT": "json"}
        run = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        if run.returncode:
            raise Refused(run.returncode, run.stderr.strip())
        return run.stdout


@dataclass(frozen=True, slots=True)
class Example:
    """One command of the documentation, with the answer and the files that are printed beside it."""

    words: tuple[str, ...]
    output: Any
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Examples:
    """Runs the documentation's examples as printed, with our IDs in place of theirs.

    What a command answers is remembered: the next example that wants an upload ID gets the last one made.
    """

    cli: AwsCli
    known: dict[str, str] = field(default_factory=dict)

    def show(self, operation: str, number: int = 0, *more: str, **replaced: str) -> Any:
        """Run the example and answer what it printed, after seeing that everything shown is there.

        Args:
            operation: The command, which is the name of its page, too.
            number: Which of the page's examples, from 0.
            more: Words to add.
            replaced: Values of options that stand in place of the example's.
        """
        example = read_examples(self.cli.program, operation)[number]
        for name, content in example.files.items():
            (self.cli.folder / name).write_text(self._ours(content), encoding="utf-8")
        answer = self.cli.glacier(*self._fill(example.words, replaced), *more)
        self.known.update({option: answer[key] for key, option in _REMEMBERED.items() if answer and key in answer})
        assert _missing(example.output, answer) == [], f"{operation} does not answer all that its example shows"
        return answer

    def _fill(self, words: tuple[str, ...], replaced: Mapping[str, str]) -> list[str]:
        """The words of a command, each value that an example made up being ours."""
        ours = {**self.known, **{f"--{name.replace('_', '-')}": value for name, value in replaced.items()}}
        filled = [self._ours(word) for word in words]
        for at, word in enumerate(filled[:-1]):
            if word in ours:
                filled[at : at + 2] = [f"{word}={ours[word]}", ""]  # an ID may begin with a dash
        return [word for word in filled if word]

    def _ours(self, text: str) -> str:
        """A text with our account, region and archive."""
        text = re.sub(r"us-(?:east|west)-\d", REGION, text)
        text = _ACCOUNT.sub(self.cli.account.account_id, text)
        text = re.sub(r"(?<=vaults/)examplevault", "MyVaultName", text)
        return re.sub(r'(?<="ArchiveId": ")[\w-]+', self.known.get("--archive-id", ""), text)


def read_examples(program: Path, operation: str) -> list[Example]:
    """The examples that the installed AWS CLI's documentation has of an operation."""
    text = (examples_folder(program) / f"{operation}.rst").read_text(encoding="utf-8")
    blocks = [_joined(match[2]) for match in _BLOCK.finditer(text)]
    examples: list[Example] = []
    for block in blocks:
        if block.startswith("aws glacier "):
            examples.append(Example(tuple(shlex.split(block)[2:]), None, {}))
        else:
            examples[-1] = _completed(examples[-1], block)
    return examples


def examples_folder(program: Path) -> Path:
    """Where the installed AWS CLI keeps the examples of its documentation."""
    return next(program.parents[1].glob("**/awscli/examples/glacier"))


def _joined(block: str) -> str:
    """A block without its line ends: an example forgets a backslash."""
    lines = [line.strip().removesuffix("\\").strip() for line in block.splitlines()]
    return " ".join(line for line in lines if line)


def _completed(example: Example, block: str) -> Example:
    """The example with a block that follows it: a file that its command names, or the answer to it."""
    attached = _ATTACHED.findall(" ".join(example.words))
    if attached and not example.files:
        return Example(example.words, example.output, {attached[0]: block})
    if example.output is None:
        return Example(example.words, json.loads(block.replace('""InProgress""', '"InProgress"')), example.files)
    return example


def _missing(shown: Any, got: Any) -> list[str]:
    """The keys that an example shows and an answer has not."""
    if isinstance(shown, list):
        return _missing(shown[0], got[0]) if got else ["an element"]
    if not isinstance(shown, dict):
        return []
    return [key for key in shown if key not in got] + [
        f"{key}.{inner}" for key in shown if key in got for inner in _missing(shown[key], got[key])
    ]
