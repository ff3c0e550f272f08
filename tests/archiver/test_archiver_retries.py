"""Trying again: what may be over in a moment, and not what will be so until somebody does something."""

from __future__ import annotations

import errno
import os

import pytest

from coldframe.archiver.retries import Retries
from coldframe.archiver.stopping import Stop
from coldframe.errors import ServiceUnavailable
from coldframe.testing.clock import FakeClock


@pytest.mark.parametrize(("number", "tries"), [(errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EIO, 7), (None, 7)])
def test_full_disk_of_this_machine_is_not_tried_again(number: int | None, tries: int) -> None:
    """It does not empty itself; the message says what to do. A server's trouble may pass, whatever it is."""
    tried: list[int] = []

    def act() -> None:
        tried.append(1)
        raise ServiceUnavailable("The store could not write.") from (
            None if number is None else OSError(number, os.strerror(number))
        )

    retries = Retries(clock=FakeClock(), stop=Stop(), observer=lambda _event: None)
    with pytest.raises(ServiceUnavailable) as caught:
        retries(act)
    assert len(tried) == tries
    assert ("Make room on the disk of the store" in str(caught.value)) is (tries == 1)
