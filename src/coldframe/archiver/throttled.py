"""Bodies that keep to a limit on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.archiver.bodies import HashedBody
    from coldframe.model import Buffer
    from coldframe.ports import Hashes
    from coldframe.throttle import Throttle


class ThrottledBody:
    """A body that is sent no faster than a throttle allows, and breaks off when the run must stop at once.

    Implements `ports.HeldBack`: a store that keeps the bytes before it sends them reads :attr:`content` at once, and
    asks the throttle when they leave.
    """

    def __init__(self, content: HashedBody, throttle: Throttle) -> None:
        """Wrap `content`."""
        self._content = content
        self._throttle = throttle

    @property
    def size(self) -> int:
        """How many bytes the body holds."""
        return self._content.size

    @property
    def content(self) -> HashedBody:
        """The body itself, as fast as it can be read."""
        return self._content

    @property
    def throttle(self) -> Throttle:
        """What holds the bytes back."""
        return self._throttle

    def hashes(self) -> Hashes:
        """What the body hashed its bytes to."""
        return self._content.hashes()

    def __iter__(self) -> Iterator[Buffer]:
        """The body's bytes, each slice when its time has come."""
        for buffer in self._content:
            view, start = memoryview(buffer), 0
            while start < len(view):
                part = view[start : start + self._throttle.slice_size]
                self._throttle.wait(len(part))
                yield part
                start += len(part)
