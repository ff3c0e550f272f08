"""The HTTP face: the Glacier protocol before any store.

A request goes `bytes -> authenticate -> route -> decode -> port -> encode -> bytes`. The face knows the port and the
model, never the service; what it says is in glacier-api, and in the service model that botocore ships.
"""

from __future__ import annotations
