"""Coldframe: archive folders into cold storage, know what is where, get it back byte for byte."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("coldframe")
