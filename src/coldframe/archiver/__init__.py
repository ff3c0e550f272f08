"""The way in: scan, bundle, cut, upload, record."""

from coldframe.archiver.archive import Archiver
from coldframe.archiver.request import ArchiveRequest, FileResult

__all__ = ["ArchiveRequest", "Archiver", "FileResult"]
