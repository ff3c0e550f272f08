"""The founding workflow on frames, with the real commands: archive a `Subs` folder, get the blue lights back, compare.

Run it with `make demo`. Everything it makes lies in ./demo; a second run starts afresh but keeps the frames.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from coldframe.model import MIB
from coldframe.quantities import parse_size
from coldframe.testing.trees import CALIBRATION, calibration_frames, light_frames, write_frames
from examples import real_frames

VAULT = "astrodata"
INVENTORY = "m33.archive_inventory.csv"
RETRIEVAL = "astro-retrieval"
_CUT = 120


class DemoFailed(Exception):
    """A command failed or a byte differs."""


class Demo:
    """One run of the demo in `folder`."""

    def __init__(self, folder: Path, *, size: int, cache: Path | None) -> None:
        self._folder = folder
        self._subs = folder / "Subs"
        self._frame_size = size // len(light_frames())
        self._cache = cache
        self._environ = {**os.environ, "COLDFRAME_HOME": str(folder / "home"), "PYTHONUTF8": "1"}

    def run(self) -> None:
        """The whole workflow."""
        self._clear()
        self._make_subs()
        title("1. A vault: the container of archives, here in a store on this disk")
        self._coldframe("vault", "create", VAULT)
        title("2. Archive the folder: each light by itself, the calibration folders as one zip each")
        zips = [word for folder in CALIBRATION for word in ("--zip", folder)]
        self._coldframe("archive", "./Subs", "--vault", VAULT, *zips, "--inventory", INVENTORY)
        title("3. The inventory, a CSV file to keep with your papers")
        self._head(INVENTORY, 4)
        title("4. What is archived? The catalog knows, offline")
        self._coldframe("ls", "Light/*_Blue_*", "--vault", VAULT)
        title("5. Get only the blue lights back")
        self._coldframe("retrieve", "Light/*_Blue_*", "--vault", VAULT, "--into", f"./{RETRIEVAL}", "--yes")
        title("6. Compare every byte with the original")
        self._compare()
        title("7. Run the archive again: nothing has changed, nothing is sent")
        self._coldframe("archive", "./Subs", "--vault", VAULT, *zips, "--inventory", INVENTORY)
        self._say_where()

    def _clear(self) -> None:
        """Remove what an earlier run left, but for the frames."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if (self._folder / "home").exists():
            say(f"Starting afresh: removing the store, inventory and retrieval of the last demo in {self._folder}")
        for name in ("home", RETRIEVAL):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        (self._folder / INVENTORY).unlink(missing_ok=True)

    def _make_subs(self) -> None:
        title("0. A night's frames in ./demo/Subs")
        real = real_frames.fetch(self._cache) if self._cache else []
        note = self._folder / "Subs.made-with"
        made_with = f"frame size {self._frame_size}, {len(real)} real frames\n"
        if note.exists() and note.read_text(encoding="utf-8") == made_with:
            say("The frames of the last demo are still there.")
        else:
            shutil.rmtree(self._subs, ignore_errors=True)
            self._write_subs(real)
            note.write_text(made_with, encoding="utf-8")
        say(real_frames.ATTRIBUTION if real else "Calibration frames: generated, like the lights.")
        for folder in ("Light/Luminance", "Light/Red", "Light/Green", "Light/Blue", *CALIBRATION):
            files = list((self._subs / folder).iterdir())
            size = sum(file.stat().st_size for file in files)
            say(f"  Subs/{folder:<16} {len(files):3} frames {size / MIB:8.1f} MiB")

    def _write_subs(self, real: list[Path]) -> None:
        frames = light_frames()
        if real:
            real_frames.unpack(real, self._subs)
        else:
            say("The package index cannot be reached: generating the calibration frames too.")
            frames += [frame for folder in CALIBRATION for frame in calibration_frames(folder)]
        for number, _ in enumerate(write_frames(str(self._subs), frames, frame_size=self._frame_size), start=1):
            if sys.stderr.isatty():
                print(f"\r{number} of {len(frames)} frames generated", end="", file=sys.stderr, flush=True)
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def _coldframe(self, *words: str) -> None:
        """Run a command as the user would, its output going where the demo's goes."""
        say(f"$ coldframe {' '.join(map(quote, words))}")
        command = [sys.executable, "-m", "coldframe", *words]
        finished = subprocess.run(command, check=False, cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL)
        if finished.returncode:
            raise DemoFailed(f"coldframe {words[0]} ended with exit code {finished.returncode}")

    def _head(self, name: str, count: int) -> None:
        lines = (self._folder / name).read_text(encoding="utf-8-sig").splitlines()
        say(f"$ head -n {count} {name} | cut -c 1-{_CUT}", *(line[:_CUT] for line in lines[:count]))
        say(f"({len(lines) - 1} rows)")

    def _compare(self) -> None:
        """Every blue light is there, no other file is, and all bytes and times are the originals'."""
        original = {path.name: path for path in (self._subs / "Light/Blue").iterdir()}
        retrieved = {path.name: path for path in (self._folder / RETRIEVAL).rglob("*") if path.is_file()}
        if set(original) != set(retrieved):
            raise DemoFailed(f"expected {sorted(original)}, found {sorted(retrieved)}")
        size = 0
        for name, path in original.items():
            data = path.read_bytes()
            size += len(data)
            if retrieved[name].read_bytes() != data:
                raise DemoFailed(f"{retrieved[name]} differs from {path}")
            if retrieved[name].stat().st_mtime != path.stat().st_mtime:
                raise DemoFailed(f"{retrieved[name]} has another modification time than {path}")
        say(f"{len(original)} blue lights, {size:,} bytes: every byte and modification time equal to the original.")

    def _say_where(self) -> None:
        title("To play on")
        say(
            f"cd {quote(str(self._folder))}",
            f"export COLDFRAME_HOME={quote(self._environ['COLDFRAME_HOME'])}",
            f"export PATH={quote(str(Path(sys.executable).parent))}:$PATH",
            "coldframe ls Dark --members",
            "coldframe verify ./Subs --vault astrodata",
            "",
            "Subs/                      the frames that were archived",
            f"{INVENTORY}  the inventory",
            f"{RETRIEVAL}/           what was retrieved",
            "home/store/                the store: ledger.sqlite says what is archived, blobs/ holds the bytes",
            "home/catalog.sqlite        your own record of what went where",
        )


def title(text: str) -> None:
    """A heading."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def say(*lines: str) -> None:
    """Lines of talk."""
    for line in lines:
        print(line, flush=True)


def quote(word: str) -> str:
    """A word as a shell wants it."""
    return shlex.quote(word)


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", default="demo", help="where everything is made (default: ./demo)")
    parser.add_argument("--size", default="256MiB", type=parse_size, help="of all lights together (default: 256MiB)")
    parser.add_argument("--offline", action="store_true", help="do not ask the package index for real frames")
    options = parser.parse_args()
    folder = Path(options.folder).absolute()
    try:
        Demo(folder, size=options.size, cache=None if options.offline else Path(".cache").absolute()).run()
    except DemoFailed as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
