"""Where objects are made, and the whole jobs that several of them do together.

The one module that sees every adapter. The command line prints what is done here and does nothing of its own.
"""

from __future__ import annotations

from coldframe.composition.clients import boto3_client
from coldframe.composition.library import Coldframe, open_coldframe
from coldframe.composition.stores import open_store

__all__ = ["Coldframe", "boto3_client", "open_coldframe", "open_store"]
