"""Makes realistic 16-bit frames: what a camera on a small telescope writes in a night, for the demo and the benchmarks.

A light holds sky with a gradient, a galaxy, stars with a Moffat profile, shot noise, read noise and hot pixels; a dark
has thermal signal, a bias only the amplifier's, a flat the vignetting and dust of the optics. So a frame compresses as
badly as a real one does, and the same seed makes the same bytes. Needs numpy, which coldframe itself does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from coldframe.errors import BadUsage
from coldframe.testing.fits import pack_header, pad

if TYPE_CHECKING:
    from types import ModuleType

    from numpy import float32, intp
    from numpy.random import Generator
    from numpy.typing import NDArray

    from coldframe.testing.fits import Cards

    Plane = NDArray[float32]

_BAND = 256  # rows worked on at once: small enough for the processor's cache
_ZERO_POINT = 32768  # FITS knows no unsigned words: they are stored less this
_STAR_RADIUS = 12
_DITHER = 8
_FIRST_NIGHT = datetime(2025, 10, 4, 20, 0, tzinfo=UTC)


class FrameKind(StrEnum):
    """What a frame shows, in the words of IMAGETYP."""

    LIGHT = "LIGHT"
    BIAS = "BIAS"
    DARK = "DARK"
    FLAT = "FLAT"


class Stream(IntEnum):
    """The independent random streams of one seed."""

    STARS = 1
    HOT_PIXELS = 2
    DUST = 3
    NOISE = 4


@dataclass(frozen=True, slots=True)
class Camera:
    """A monochrome CMOS camera; electrons and ADU as at its usual gain."""

    name: str
    width: int
    height: int
    pixel_um: float = 3.76
    electrons_per_adu: float = 0.25
    read_noise_electrons: float = 1.5
    offset_adu: int = 500
    dark_electrons_per_second: float = 0.002

    @property
    def frame_size(self) -> int:
        """The bytes of one frame's pixels."""
        return 2 * self.width * self.height

    def scaled(self, frame_size: int) -> Camera:
        """The same camera with a smaller or larger sensor, so that a frame takes about `frame_size` bytes."""
        factor = (frame_size / self.frame_size) ** 0.5
        width = max(64, round(self.width * factor / 8) * 8)
        return replace(self, width=width, height=max(48, round(frame_size / 2 / width)))


IMX571 = Camera("coldframe IMX571 mono", 6248, 4176)
"""The sensor of the usual astronomical camera: 26 megapixels, 52.2 MB a frame."""


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """Which frame to make; `number` counts within its kind and filter, from 1."""

    kind: FrameKind
    number: int
    filter_name: str = ""
    exposure_seconds: float = 180.0

    @property
    def started_at(self) -> datetime:
        """When the exposure began: one after another, the filters on successive nights."""
        night = sum(map(ord, self.filter_name + self.kind)) % 7
        return _FIRST_NIGHT + timedelta(days=night, seconds=(self.exposure_seconds + 6) * self.number)


_SKY_ELECTRONS_PER_SECOND = {"Luminance": 1.4, "Red": 0.6, "Green": 0.5, "Blue": 0.45}
_FLAT_ADU = 26_000


class FrameMaker:
    """One telescope and camera, pointed at M33.

    Args:
        camera: What takes the frames.
        seed: The same seed and camera make the same frames.
    """

    def __init__(self, camera: Camera = IMX571, *, seed: int = 1) -> None:
        self._camera = camera
        self._seed = seed
        self._np = _numpy()

    def make(self, spec: FrameSpec) -> bytes:
        """One frame, as the bytes of a FITS file."""
        pixels = self._np.empty((self._camera.height, self._camera.width), dtype=">u2")
        random = self._random(Stream.NOISE, *map(ord, spec.kind + spec.filter_name), spec.number)
        shift = random.integers(-_DITHER, _DITHER, size=2, endpoint=True)
        for top in range(0, self._camera.height, _BAND):
            band = slice(top, min(top + _BAND, self._camera.height))
            expected = self._expected(spec, band, int(shift[0]), int(shift[1]))
            pixels[band] = self._read_out(expected, random)
        pixels ^= _ZERO_POINT
        return pack_header(self._cards(spec)) + pad(pixels.tobytes())

    def _read_out(self, electrons: Plane, random: Generator) -> Plane:
        """Numbers as the camera gives them: signal, shot noise (normal, as good as Poisson here) and read noise."""
        np, camera = self._np, self._camera
        noise = random.standard_normal(electrons.shape, dtype=np.float32)
        noise *= np.sqrt(electrons + np.float32(camera.read_noise_electrons**2))
        electrons += noise
        electrons *= np.float32(1 / camera.electrons_per_adu)
        electrons += np.float32(camera.offset_adu + 0.5)
        np.clip(electrons, 0, 65535, out=electrons)
        return electrons

    def _expected(self, spec: FrameSpec, band: slice, down: int, right: int) -> Plane:
        """The electrons that each pixel would hold if there were no noise."""
        np, camera = self._np, self._camera
        if spec.kind is FrameKind.FLAT:
            plane: Plane = self._optics[band] * np.float32(_FLAT_ADU * camera.electrons_per_adu)
            return plane
        shape = (band.stop - band.start, camera.width)
        plane = np.full(shape, camera.dark_electrons_per_second * spec.exposure_seconds, dtype=np.float32)
        if spec.kind is FrameKind.LIGHT:
            rate = self._sky[_DITHER + down :, _DITHER + right :][band, : camera.width] * self._optics[band]
            plane += rate * np.float32(_SKY_ELECTRONS_PER_SECOND[spec.filter_name] * spec.exposure_seconds)
        if spec.kind is not FrameKind.BIAS:
            self._add_hot_pixels(plane, band, spec.exposure_seconds)
        return plane

    def _add_hot_pixels(self, plane: Plane, band: slice, exposure_seconds: float) -> None:
        rows, columns, rates = self._hot_pixels
        inside = (rows >= band.start) & (rows < band.stop)
        plane[rows[inside] - band.start, columns[inside]] += rates[inside] * self._np.float32(exposure_seconds)

    @cached_property
    def _hot_pixels(self) -> tuple[NDArray[intp], NDArray[intp], Plane]:
        """Rows, columns and electrons per second of the sensor's faults: one pixel in two thousand."""
        np, random = self._np, self._random(Stream.HOT_PIXELS)
        count = self._camera.width * self._camera.height // 2000
        rows = random.integers(0, self._camera.height, count)
        columns = random.integers(0, self._camera.width, count)
        return rows, columns, random.exponential(3.0, count).astype(np.float32)

    @cached_property
    def _optics(self) -> Plane:
        """What share of the light reaches each pixel: vignetting, and the rings of dust near the sensor."""
        np, random = self._np, self._random(Stream.DUST)
        y, x = self._coordinates(0)
        plane: Plane = (1 / (1 + np.float32(0.25) * (x * x + y * y)) ** 2).astype(np.float32)
        for _ in range(12):
            center = random.uniform(-0.9, 0.9, 2).astype(np.float32)
            radius = np.float32(random.uniform(0.015, 0.04))
            distance = np.hypot(x - center[0], y - center[1] * np.float32(0.66)) / radius
            plane *= 1 - np.float32(0.03) * ((distance > np.float32(0.4)) & (distance < 1))
        return plane

    @cached_property
    def _sky(self) -> Plane:
        """The sky's brightness where an empty place is 1, with a margin to dither in."""
        np = self._np
        y, x = self._coordinates(_DITHER)
        plane: Plane = (1 + np.float32(0.08) * x + np.float32(0.05) * y).astype(np.float32)
        plane += np.float32(0.9) * np.exp(-np.hypot(x * np.float32(1.3) + y * np.float32(0.4), y) * 4)
        self._add_stars(plane)
        return plane

    def _add_stars(self, plane: Plane) -> None:
        np, random = self._np, self._random(Stream.STARS)
        count = 40 + plane.size // 12_000
        places = random.uniform(_STAR_RADIUS, np.array(plane.shape) - _STAR_RADIUS - 1, (count, 2))
        fluxes = 60 * (1 - random.random(count)) ** -1.1
        offsets = np.arange(-_STAR_RADIUS, _STAR_RADIUS + 1)
        for (row, column), flux in zip(places, np.minimum(fluxes, 2e5), strict=True):
            top, left = int(row), int(column)
            down, across = offsets + top - row, offsets + left - column
            profile = (1 + (down[:, None] ** 2 + across[None, :] ** 2) / 4.4) ** -2.5
            stamp = plane[top - _STAR_RADIUS : top + _STAR_RADIUS + 1, left - _STAR_RADIUS : left + _STAR_RADIUS + 1]
            stamp += (flux * 0.1085 * profile).astype(np.float32)

    def _coordinates(self, margin: int) -> tuple[Plane, Plane]:
        """Each pixel's place, as a column and a row from -1 to 1."""
        np, camera = self._np, self._camera
        y = np.linspace(-1, 1, camera.height + 2 * margin, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, camera.width + 2 * margin, dtype=np.float32)[None, :]
        return y, x

    def _random(self, *stream: int) -> Generator:
        random: Generator = self._np.random.Generator(self._np.random.SFC64([self._seed, *stream]))
        return random

    def _cards(self, spec: FrameSpec) -> Cards:
        camera = self._camera
        shown: Cards = {}
        if spec.kind is FrameKind.LIGHT:
            shown = {"OBJECT": "M33", "RA": 23.4621, "DEC": 30.6599}
        if spec.filter_name:
            shown["FILTER"] = spec.filter_name
        return {
            "SIMPLE": True,
            "BITPIX": 16,
            "NAXIS": 2,
            "NAXIS1": camera.width,
            "NAXIS2": camera.height,
            "BZERO": _ZERO_POINT,
            "BSCALE": 1,
            "IMAGETYP": spec.kind.value,
            **shown,
            "EXPOSURE": spec.exposure_seconds,
            "EXPTIME": spec.exposure_seconds,
            "DATE-OBS": f"{spec.started_at:%Y-%m-%dT%H:%M:%S}.000",
            "DATE-LOC": f"{spec.started_at + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}.000",
            "INSTRUME": camera.name,
            "TELESCOP": "made-up 80/480",
            "FOCALLEN": 480.0,
            "XPIXSZ": camera.pixel_um,
            "YPIXSZ": camera.pixel_um,
            "XBINNING": 1,
            "YBINNING": 1,
            "GAIN": 100,
            "OFFSET": camera.offset_adu // 10,
            "EGAIN": camera.electrons_per_adu,
            "SET-TEMP": -10.0,
            "CCD-TEMP": -10.0,
            "ROWORDER": "TOP-DOWN",
            "SWCREATE": "coldframe frame generator",
        }


def _numpy() -> ModuleType:
    try:
        import numpy as np  # noqa: PLC0415 - only those who make frames need it
    except ImportError as error:
        raise BadUsage("Making frames needs numpy, which is not installed: pip install numpy") from error
    return np
