"""Our own record of what went where, and of work in progress."""

from coldframe.catalog.catalog import Catalog, open_catalog
from coldframe.catalog.model import UNKNOWN_SIZE, ArchiveRecord, Attempt, Entry, Kind, MemberPlace, Query

__all__ = [
    "UNKNOWN_SIZE",
    "ArchiveRecord",
    "Attempt",
    "Catalog",
    "Entry",
    "Kind",
    "MemberPlace",
    "Query",
    "open_catalog",
]
