"""Runs scripts under Node, with the AWS SDK for JavaScript and an account's key."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clients.serving import Account

SCRIPTS = Path(__file__).parent / "npm"


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that finds the SDK."""

    program: str
    modules: Path
    account: Account
    folder: Path

    def run(self, script: str, **more: str) -> Any:
        """What a script of `npm/` prints, which is JSON; `more` goes into its environment."""
        environ = {**self.account.environ(self.folder), "NODE_PATH": str(self.modules), **more}
        command = [self.program, str(SCRIPTS / script)]
        run = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def version(self) -> str:
        """What Node and the SDK call themselves."""
        package = self.modules / "@aws-sdk" / "client-glacier" / "package.json"
        told = json.loads(package.read_text(encoding="utf-8"))
        node = subprocess.run([self.program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        return f"{told['name']}/{told['version']} Node/{node}"
