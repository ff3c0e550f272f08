"""Builds folder trees to archive: the founding `Subs` tree of frames, many small files, one large file."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.model import MIB
from coldframe.testing.frames import IMX571, FrameKind, FrameMaker, FrameSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LIGHTS = {"Luminance": 18, "Red": 12, "Green": 12, "Blue": 12}
"""The founding tree's lights by filter: 54 in all."""
CALIBRATION = ("Bias", "Dark", "Flat")
CALIBRATION_COUNT = 8
FRAME_COUNT = sum(LIGHTS.values()) + len(CALIBRATION) * CALIBRATION_COUNT

_EXPOSURES = {"Bias": 0.001, "Dark": 180.0, "Flat": 2.5}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the founding tree and its place in it."""

    path: str
    spec: FrameSpec


def light_frames() -> list[Frame]:
    """The lights, named as the first user's capture program does."""
    return [_light(filter_name, number) for filter_name, count in LIGHTS.items() for number in range(1, count + 1)]


def calibration_frames(folder: str, count: int = CALIBRATION_COUNT) -> list[Frame]:
    """The frames of `Bias`, `Dark` or `Flat`."""
    return [_calibration(folder, number) for number in range(1, count + 1)]


def founding_frames() -> list[Frame]:
    """All frames of the founding tree."""
    return [*light_frames(), *(frame for folder in CALIBRATION for frame in calibration_frames(folder))]


def write_frames(root: str, frames: Sequence[Frame], *, frame_size: int, seed: int = 1, jobs: int = 2) -> Iterator[str]:
    """Write frames below `root`, each about `frame_size` bytes, and yield the path of each as it gets done.

    A frame's modification time is the end of its exposure, so building again makes the same tree.
    """
    maker = FrameMaker(IMX571.scaled(frame_size), seed=seed)
    for frame in frames:
        os.makedirs(os.path.dirname(os.path.join(root, frame.path)), exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(_writer(root, maker), frames)


def build_subs(root: str, *, total_size: int, seed: int = 1) -> list[str]:
    """Build the founding tree below `root`, about `total_size` bytes in all; answers the paths of its files."""
    return list(write_frames(root, founding_frames(), frame_size=total_size // FRAME_COUNT, seed=seed))


def build_small_files(root: str, *, count: int, size: int = 4096, seed: int = 1) -> None:
    """Build `count` files of `size` random bytes below `root`, a thousand to a folder."""
    source = random.Random(seed)
    for number in range(count):
        folder = os.path.join(root, f"{number // 1000:04}")
        if number % 1000 == 0:
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"{number:08}.dat"), "wb") as file:
            file.write(source.randbytes(size))


def build_large_file(path: str, *, size: int, seed: int = 1) -> None:
    """Write one file of `size` bytes, none of which repeat."""
    source = random.Random(seed)
    with open(path, "wb") as file:
        while size:
            piece = min(size, 4 * MIB)
            file.write(source.randbytes(piece))
            size -= piece


def _light(filter_name: str, number: int) -> Frame:
    name = f"M33_Light_{filter_name}_180sec__1x1_frame{number}.fit"
    return Frame(os.path.join("Light", filter_name, name), FrameSpec(FrameKind.LIGHT, number, filter_name))


def _calibration(folder: str, number: int) -> Frame:
    kind = FrameKind(folder.upper())
    spec = FrameSpec(kind, number, exposure_seconds=_EXPOSURES[folder])
    return Frame(os.path.join(folder, f"{folder}_{spec.exposure_seconds:g}sec__1x1_frame{number}.fit"), spec)


def _writer(root: str, maker: FrameMaker) -> Callable[[Frame], str]:
    def write(frame: Frame) -> str:
        path = os.path.join(root, frame.path)
        with open(path, "wb") as file:
            file.write(maker.make(frame.spec))
        ended_at = frame.spec.started_at.timestamp() + frame.spec.exposure_seconds
        os.utime(path, (ended_at, ended_at))
        return path

    return write
