"""docs/from-powershell.md names all 29 cmdlets, and each of its lines does what it says."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coldframe.cli.exits import Exit
from coldframe.composition import open_coldframe
from coldframe.model import MIB
from coldframe.testing.bodies import BytesBody
from nouns.test_vault_nouns import TOPIC, policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran

TEXT = (Path(__file__).parents[2] / "docs" / "from-powershell.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_EMPTY_IS_RIGHT = ("coldframe upload list", "coldframe upload abort")
"""What has nothing to list in the workflow."""

# glacier-api 18.1
CMDLETS = [
    "Add-GLCTagsToVault",
    "Complete-GLCVaultLock",
    "Get-GLCDataRetrievalPolicy",
    "Get-GLCJob",
    "Get-GLCJobList",
    "Get-GLCMultipartUploadList",
    "Get-GLCProvisionedCapacityList",
    "Get-GLCVault",
    "Get-GLCVaultAccessPolicy",
    "Get-GLCVaultList",
    "Get-GLCVaultLock",
    "Get-GLCVaultNotification",
    "Get-GLCVaultTagList",
    "New-GLCProvisionedCapacityPurchase",
    "New-GLCVault",
    "Read-GLCJobOutput",
    "Remove-GLCArchive",
    "Remove-GLCMultipartUpload",
    "Remove-GLCTagsFromVault",
    "Remove-GLCVault",
    "Remove-GLCVaultAccessPolicy",
    "Remove-GLCVaultNotification",
    "Set-GLCDataRetrievalPolicy",
    "Set-GLCVaultAccessPolicy",
    "Set-GLCVaultNotification",
    "Start-GLCJob",
    "Start-GLCVaultLock",
    "Stop-GLCVaultLock",
    "Write-GLCArchive",
]


def table() -> list[tuple[str, str]]:
    """Cmdlet and coldframe line of each row; one of them may be empty."""
    section = TEXT.split("## The 29 cmdlets")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ") and "Cmdlet" not in line]
    return [(row[0].strip("| `"), row[-1].strip("| `")) for row in rows]


def test_every_cmdlet_has_its_row() -> None:
    """All 29, once."""
    assert sorted(cmdlet for cmdlet, _ in table() if cmdlet) == CMDLETS
    assert len(CMDLETS) == 29


@pytest.fixture(params=["embedded", "server"])
def shell(
    request: pytest.FixtureRequest, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, subs: Path
) -> Callable[[str], Ran]:
    """Runs a line of the page, pipes included, beside the folder `Subs`."""
    if request.param == "server":
        request.getfixturevalue("url")

    def run(line: str) -> Ran:
        output = ""
        for command in line.split(" | "):
            monkeypatch.setattr("sys.stdin", io.StringIO(output))
            program, *words = shlex.split(command)
            assert program == "coldframe"
            ran = cli(*words)
            is_empty = ran.code == Exit.NOTHING_MATCHED and command.startswith(_EMPTY_IS_RIGHT)
            assert ran.code == Exit.DONE or is_empty, f"{line}\n{ran.err}"
            output = ran.out
        return ran

    return run


def test_each_line_of_the_table_is_tried(shell: Callable[[str], Ran], cli: Callable[..., Ran]) -> None:
    """In its order, with the IDs that the store gives."""
    known: dict[str, str] = {}
    assert cli("vault", "create", "old-tests").code == Exit.DONE
    for cmdlet, line in table():
        if cmdlet == "Get-GLCMultipartUploadList":
            with open_coldframe() as coldframe:
                known["UPLOAD_ID"] = coldframe.store.initiate_multipart_upload("astrodata", part_size=MIB)
        if cmdlet == "Complete-GLCVaultLock":
            begun = cli("vault", "lock", "initiate", "astrodata", "lock.json", "-o", "json")
            known["LOCK_ID"] = begun.rows[0]["lock_id"]
        if cmdlet == "Get-GLCProvisionedCapacityList":
            assert cli("capacity", "purchase", "--yes").code == Exit.DONE
        if line:
            shell(_filled(line, known))
        if cmdlet == "New-GLCVault":
            _prepare(cli, known)
        if cmdlet == "Write-GLCArchive":
            known["ARCHIVE_ID"] = cli("ls", "Blue_180sec__1x1_frame3", "-o", "json").rows[0]["archive_id"]
        if cmdlet == "Start-GLCJob":
            known["JOB_ID"] = cli("job", "list", "--vault", "astrodata", "-o", "json").rows[0]["job_id"]
    assert Path("frame.fit").stat().st_size == MIB


def test_the_workflow_runs_as_it_stands(shell: Callable[[str], Ran], subs: Path) -> None:
    """And brings the very bytes back."""
    lines = [line for block in _BLOCK.findall(TEXT) for line in block.splitlines()]
    assert len(lines) == 7
    for line in lines:
        shell(line)
    back = {path.name: path.read_bytes() for path in Path("astro-retrieval").rglob("*.fit")}
    assert back == {path.name: path.read_bytes() for path in (subs / "Light").rglob("*.fit")}


def test_the_founding_accounts_own_inventory_is_taken_over(shell: Callable[[str], Ran], subs: Path) -> None:
    """What Write-GLCArchive uploaded and Export-Csv wrote on Windows comes back by the page's own lines."""
    lights = sorted((subs / "Light").rglob("*.fit"))
    rows = ["#TYPE Amazon.PowerShell.Cmdlets.GLC.FileUploadResult", '"FilePath","ArchiveId","Checksum"']
    with open_coldframe() as coldframe:
        store = coldframe.create_store()
        store.create_vault("m33")
        for light in lights:
            receipt = store.upload_archive("m33", BytesBody(light.read_bytes()))
            path = "D:\\Astrophotography\\M33\\Subs\\" + "\\".join(light.relative_to(subs).parts)
            rows.append(f'"{path}","{receipt.archive_id}","{receipt.tree_hash}"')
    Path("m33.archive_inventory.csv").write_bytes("".join(f"{row}\r\n" for row in rows).encode("ascii"))
    takes, brings = (
        re.findall(rf"^coldframe {word} .*$", TEXT, re.MULTILINE)[-1] for word in ("inventory import", "retrieve")
    )
    shell(takes)
    assert len(shell("coldframe ls --vault m33 -o json").rows) == len(lights)
    shell(brings)
    back = {path.name: path.read_bytes() for path in Path("astro-retrieval").rglob("*.fit")}
    assert back == {path.name: path.read_bytes() for path in (subs / "Light/Blue").iterdir()}


def _prepare(cli: Callable[..., Ran], known: dict[str, str]) -> None:
    """Policies about the vault, and a topic in its region."""
    arn = cli("vault", "show", "astrodata", "-o", "json").rows[0]["vault_arn"]
    known["TOPIC_ARN"] = TOPIC.replace("us-east-1", arn.split(":")[3])
    for name in ("policy.json", "lock.json"):
        Path(name).write_text(policy(cli, vault_name="astrodata"), encoding="utf-8")


def _filled(line: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        line = line.replace(name, value)
    return line
