"""The way in: scan, bundle, cut, upload, record."""

from coldframe.archiver.archive import Archiver
from coldframe.archiver.opening import Source
from coldframe.archiver.request import ArchiveRequest, FileResult
from coldframe.archiver.sources import CopiesProof, Removable, Removal, SourceRemover, removable

__all__ = [
    "ArchiveRequest",
    "Archiver",
    "CopiesProof",
    "FileResult",
    "Removable",
    "Removal",
    "Source",
    "SourceRemover",
    "removable",
]
