"""A small world for retrieving: a real embedded store, a real catalog, real folders, and time that is told to pass."""

from __future__ import annotations

import io
import os
import random
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.catalog import ArchiveRecord, Entry, Kind, MemberPlace, Query
from coldframe.catalog.orders import Orders
from coldframe.model import MIB, Tier
from coldframe.retriever import Retriever
from coldframe.testing.bodies import BytesBody

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coldframe.catalog import Catalog
    from coldframe.ports import ColdStore
    from coldframe.retriever import RetrievedFile
    from coldframe.testing.clock import FakeClock

VAULT = "astrodata"
MODIFIED_NS = 1_600_000_000_123_456_789


def frame(seed: int, size: int = 5000) -> bytes:
    """Bytes that no other seed gives."""
    return random.Random(seed).randbytes(size)


class World:
    """A store, a catalog and a destination; everything is opened afresh by :meth:`retriever`."""

    def __init__(self, store: ColdStore, catalog: Catalog, clock: FakeClock, folder: str) -> None:
        self.store = store
        self.catalog = catalog
        self.clock = clock
        self.folder = folder
        self.into = os.path.join(folder, "into")
        self.catalog_path = os.path.join(folder, "catalog.sqlite")
        store.create_vault(VAULT)

    @property
    def orders(self) -> Orders:
        """The orders, opened afresh."""
        return Orders(self.catalog.database)

    def add(
        self, path: str, data: bytes, *, promised: str | None = None, modified_ns: int | None = MODIFIED_NS
    ) -> ArchiveRecord:
        """Archive one file and record it."""
        receipt = self.store.upload_archive(VAULT, BytesBody(data or b"\0"), description="")
        archive = ArchiveRecord(
            store=self.store.identity,
            vault_name=VAULT,
            archive_id=receipt.archive_id,
            size=len(data) or 1,
            tree_hash=promised or receipt.tree_hash,
            description="",
            archived_at=self.clock.now(),
        )
        entry = Entry(path=path, kind=Kind.FILE, size=len(data), modified_ns=modified_ns, archive=archive)
        self.catalog.record(archive, [entry])
        return archive

    def add_again(self, archive: ArchiveRecord, path: str, size: int) -> None:
        """Record a second path for an archive that is there."""
        self.catalog.record_entries(
            archive, [Entry(path=path, kind=Kind.FILE, size=size, modified_ns=MODIFIED_NS, archive=archive)]
        )

    def add_bundle(
        self,
        path: str,
        members: Mapping[str, bytes],
        *,
        deflate: Sequence[str] = (),
        lie: Mapping[str, int] | None = None,
    ) -> ArchiveRecord:
        """Archive a zip and record its members; `lie` makes the catalog say another size for some."""
        data, places = make_zip(members, deflate)
        receipt = self.store.upload_archive(VAULT, BytesBody(data))
        archive = ArchiveRecord(
            store=self.store.identity,
            vault_name=VAULT,
            archive_id=receipt.archive_id,
            size=len(data),
            tree_hash=receipt.tree_hash,
            description="",
            archived_at=self.clock.now(),
        )
        folder = path.removesuffix(".zip")
        entries = [Entry(path=path, kind=Kind.BUNDLE, size=len(data), modified_ns=MODIFIED_NS, archive=archive)]
        for name, place in places.items():
            size = (lie or {}).get(name, len(members[name]))
            entries.append(
                Entry(
                    path=f"{folder}/{name}",
                    kind=Kind.MEMBER,
                    size=size,
                    modified_ns=MODIFIED_NS,
                    archive=archive,
                    member=place,
                )
            )
        self.catalog.record(archive, entries)
        return archive

    def retriever(self, **settings: object) -> Retriever:
        """A new retriever, as a new process would have it."""
        settings = {"clock": self.clock, "segment_size": 4 * MIB, **settings}
        store = settings.pop("store", self.store)
        return Retriever(store, self.catalog, self.orders, **settings)  # type: ignore[arg-type]  # tests give what fits

    def order(self, text: str = "", *, tier: Tier = Tier.STANDARD, overwrite: bool = False, **more: object) -> int:
        """Plan and place an order for all that `text` finds."""
        retriever = self.retriever()
        plan = retriever.plan(Query(text, **more), into=self.into, overwrite=overwrite)  # type: ignore[arg-type]
        return retriever.place_order(plan, tier=tier)

    def retrieve(self, text: str = "", **more: object) -> list[RetrievedFile]:
        """Order and carry on to the end."""
        return list(self.retriever().carry_on(self.order(text, **more)))  # type: ignore[arg-type]

    def catalog_archive(self) -> str:
        """The ID of the one archive that is recorded."""
        (archive,) = self.catalog.archives(self.store.identity, VAULT)
        return archive.archive_id

    def read(self, path: str) -> bytes:
        """A file at the destination."""
        with open(os.path.join(self.into, path), "rb") as file:
            return file.read()

    def files(self) -> dict[str, bytes]:
        """All files at the destination."""
        return read_tree(self.into)

    def jobs(self) -> list[str | None]:
        """The archive IDs of all jobs at the store, however many."""
        found, marker = [], None
        while True:
            page = self.store.list_jobs(VAULT, marker=marker)
            found += [job.archive_id for job in page.items]
            if not (marker := page.marker):
                return found


def make_zip(members: Mapping[str, bytes], deflate: Sequence[str] = ()) -> tuple[bytes, dict[str, MemberPlace]]:
    """A zip and where each member lies in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            method = zipfile.ZIP_DEFLATED if name in deflate else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), data, method)
        infos = archive.infolist()
    places = {}
    for info in infos:
        places[info.filename] = MemberPlace(
            name=info.filename,
            header_offset=info.header_offset,
            data_offset=info.header_offset + 30 + len(info.filename.encode()),
            compressed_size=info.compress_size,
            method="deflated" if info.compress_type == zipfile.ZIP_DEFLATED else "stored",
            sha256=sha256(members[info.filename]).hexdigest(),
            crc32=info.CRC,
        )
    return buffer.getvalue(), places


def read_tree(folder: str) -> dict[str, bytes]:
    """All files below a folder, by their paths."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found
