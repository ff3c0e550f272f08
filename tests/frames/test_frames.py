"""The frame generator: what it writes is FITS, looks like a camera's output, and is the same for the same seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from coldframe.testing.fits import BLOCK, pack_header, unpack_header
from coldframe.testing.frames import IMX571, FrameKind, FrameMaker, FrameSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAMERA = IMX571.scaled(400_000)
BLUE = FrameSpec(FrameKind.LIGHT, 1, "Blue")
FLAT = FrameSpec(FrameKind.FLAT, 1, exposure_seconds=2.5)


def pixels_of(frame: bytes) -> NDArray[np.int64]:
    """The pixels of a frame as numbers, read as the FITS standard says."""
    cards = unpack_header(frame)
    shape = int(cards["NAXIS2"]), int(cards["NAXIS1"])
    words = np.frombuffer(frame, ">i2", shape[0] * shape[1], offset=BLOCK)
    return words.reshape(shape).astype(np.int64) + int(cards["BZERO"])


def test_frame_maker_makes_the_same_bytes_from_the_same_seed() -> None:
    """Two makers with one seed make one frame; another seed or number makes another."""
    frame = FrameMaker(CAMERA, seed=7).make(BLUE)
    assert frame == FrameMaker(CAMERA, seed=7).make(BLUE)
    assert frame != FrameMaker(CAMERA, seed=8).make(BLUE)
    assert frame != FrameMaker(CAMERA, seed=7).make(FrameSpec(FrameKind.LIGHT, 2, "Blue"))


@pytest.mark.parametrize("kind", list(FrameKind))
def test_frame_maker_writes_whole_fits_blocks_and_the_founding_keywords(kind: FrameKind) -> None:
    """A frame is a header and pixels in blocks of 2,880 bytes, and its header says what it shows."""
    frame = FrameMaker(CAMERA).make(FrameSpec(kind, 1, "Red" if kind is FrameKind.LIGHT else ""))
    cards = unpack_header(frame)
    assert len(frame) % BLOCK == 0
    assert len(frame) == BLOCK + -(-CAMERA.frame_size // BLOCK) * BLOCK
    assert cards["IMAGETYP"] == kind.value
    assert float(cards["EXPTIME"]) == 180
    assert cards.get("FILTER") == ("Red" if kind is FrameKind.LIGHT else None)


def test_light_holds_sky_noise_and_stars() -> None:
    """A light's background has shot noise about its level, and its stars stand far above it."""
    pixels = pixels_of(FrameMaker(CAMERA).make(BLUE))
    sky = np.median(pixels)
    assert 600 < sky < 3000
    assert 20 < np.median(np.abs(pixels - sky)) < 400
    assert np.max(pixels) > sky + 5000


def test_bias_and_dark_differ_only_by_what_time_adds() -> None:
    """A bias is the offset and read noise; a dark of the same camera has hot pixels besides."""
    maker = FrameMaker(CAMERA)
    bias = pixels_of(maker.make(FrameSpec(FrameKind.BIAS, 1, exposure_seconds=0.001)))
    dark = pixels_of(maker.make(FrameSpec(FrameKind.DARK, 1)))
    assert np.median(bias) == pytest.approx(CAMERA.offset_adu, abs=2)
    assert np.median(dark) == pytest.approx(CAMERA.offset_adu, abs=4)
    assert np.max(bias) < 600 < np.max(dark)


def test_flat_darkens_towards_the_corners() -> None:
    """A flat shows the vignetting of the optics."""
    pixels = pixels_of(FrameMaker(CAMERA).make(FLAT))
    height, width = pixels.shape
    center = pixels[height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20].mean()
    assert pixels[:20, :20].mean() < 0.7 * center


def test_scaled_camera_makes_frames_of_about_the_size_asked_for() -> None:
    """The sensor's shape is kept and the size met within two per cent."""
    for size in (100_000, 4_000_000, 120_000_000):
        camera = IMX571.scaled(size)
        assert camera.frame_size == pytest.approx(size, rel=0.02)
        assert camera.width / camera.height == pytest.approx(1.5, rel=0.05)


def test_header_pads_short_texts_and_right_aligns_numbers() -> None:
    """Cards are 80 characters in fixed format, and the header ends on a block's border."""
    header = pack_header({"SIMPLE": True, "BITPIX": 16, "FILTER": "R"})
    assert len(header) == BLOCK
    assert header[:80] == b"SIMPLE  =                    T".ljust(80)
    assert header[80:160] == b"BITPIX  =                   16".ljust(80)
    assert header[160:240] == b"FILTER  = 'R       '".ljust(80)
    assert header[240:320] == b"END".ljust(80)
