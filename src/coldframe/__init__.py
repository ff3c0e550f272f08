"""Coldframe: archive folders into cold storage, know what is where, get it back byte for byte.

The library is the same product as the command line: :func:`open_store` gives the port of one store,
:func:`boto3_client` an ordinary boto3 client of it, :class:`Coldframe` everything that the commands do. They are looked
up on first use, so that importing the package, and with it `coldframe --help`, costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coldframe.composition import Coldframe, boto3_client, open_coldframe, open_store

    __version__: str

__all__ = ["Coldframe", "__version__", "boto3_client", "open_coldframe", "open_store"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - 50 ms that only --version needs

        return version("coldframe")
    if name in __all__:
        from coldframe import composition  # noqa: PLC0415 - heavy: every adapter

        return getattr(composition, name)
    raise AttributeError(f"module 'coldframe' has no attribute {name!r}")
