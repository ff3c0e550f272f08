"""The founding workflow, as `examples/founding_workflow.py` does it, on every kind of store.

Calibration folders zipped, a tree uploaded, a CSV inventory kept also in S3; of it only the blue lights retrieved,
waited for, each verified; uploads that were left half done cleaned up.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import coldframe
from cli.conftest import same_tree
from coldframe.model import MIB
from founding.amazon import open_amazon
from founding.conftest import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.conftest import Ran


@pytest.fixture(params=["embedded", "server", "amazon"])
def store(request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a store of each kind, with what a client of it needs in the environment."""
    if request.param == "embedded":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "for S3 alone")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "likewise")
        yield str(tmp_path / "store")
    elif request.param == "server":
        yield request.getfixturevalue("url")
    else:
        with open_amazon(tmp_path) as amazon:
            for name, value in amazon.environ.items():
                monkeypatch.setenv(name, value)
            yield "glacier://us-west-2"


def leave_an_upload(store: str) -> None:
    """What a client that was stopped has left behind."""
    opened = coldframe.open_store(store)
    opened.create_vault("astrodata")
    opened.initiate_multipart_upload("astrodata", part_size=MIB, description="half done")
    opened.close()


def test_only_the_blue_lights_come_back(
    script: Callable[..., str], cli: Callable[..., Ran], store: str, subs: Path, bucket: Any
) -> None:
    """And no upload is left, and a second run does nothing twice; the inventory in S3 is the one that is here."""
    leave_an_upload(store)
    into, inventory = Path("astro-retrieval"), Path("m33.archive_inventory.csv")
    words = ["Subs", "--store", store, "--copy", f"s3://{BUCKET}/m33/", "--into", str(into)]
    first = script(*words)
    assert "1 uploads dropped." in first
    assert same_tree(subs / "Light/Blue", into / "Subs/Light/Blue")
    assert {path.name for path in into.rglob("*.*")} == {path.name for path in (subs / "Light/Blue").iterdir()}
    rows = list(csv.DictReader(io.StringIO(inventory.read_text(encoding="utf-8"))))
    assert list(rows[0])[:3] == ["FilePath", "ArchiveId", "Checksum"]
    assert {"Subs/Bias.zip", "Subs/Flat.zip"} <= {row["FilePath"] for row in rows}
    copy = bucket.get_object(Bucket=BUCKET, Key=f"m33/{inventory}")["Body"].read()
    assert copy == inventory.read_bytes()
    assert cli("upload", "list", "--vault", "astrodata", "--store", store).code == 4

    again = script(*words)
    assert "archived " not in again
    assert "there already, and verified" in again
    assert inventory.read_bytes() == copy
    jobs = cli("job", "list", "--vault", "astrodata", "--store", store, "-o", "json").rows
    assert sorted(job["job_description"] for job in jobs) == sorted(
        path.name for path in (subs / "Light/Blue").iterdir()
    )
