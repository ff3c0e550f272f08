"""The sealing key: 32 random bytes in a file of their own, without which the ledger's secrets are noise.

AES-256-GCM with a random nonce of 96 bits for each secret: nobody makes so many keys by hand that two could meet. What
a secret is bound to goes in as associated data, so that it opens nowhere else.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.errors import CredentialsProblem, FormatError, ServiceUnavailable
from coldframe.files import durable_write, ensure_folder, sync_ancestors

if TYPE_CHECKING:
    from coldframe.files import Files

_KEY_SIZE = 32
_NONCE_SIZE = 12
_ID_SIZE = 8
_PREFIX = "coldframe-seal-1:"
_TEXT = re.compile(rf"{_PREFIX}([0-9a-f]{{{2 * _KEY_SIZE}}})\n?")
_MAX_TEXT = 1024
_NOT_OURS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Seal:
    """A sealing key in memory. `seal_id` tells which one it is, and nothing else about it."""

    def __init__(self, key: bytes) -> None:
        """Make the cipher ready."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - where a key is used

        self.seal_id = sha256(b"coldframe seal id\0" + key).digest()[:_ID_SIZE]
        self._cipher = AESGCM(key)

    def close(self, secret: str, bound: bytes) -> bytes:
        """The secret, sealed: nonce, then what AES-GCM makes of it."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, secret.encode("ascii"), bound)

    def open(self, sealed: bytes, bound: bytes) -> str:
        """The secret; `FormatError` if it is another's, or anything that it is bound to was changed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        try:
            return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], bound).decode("ascii")
        except (InvalidTag, ValueError) as error:
            raise FormatError("a sealed secret does not open") from error


class SealFile:
    """Where the sealing key lies: one line of text, for its owner's eyes only.

    Args:
        path: The file.
        files: Makes it.
    """

    def __init__(self, path: str, files: Files) -> None:
        """Store the arguments."""
        self.path = os.path.abspath(path)
        self._files = files

    def read(self) -> Seal:
        """The key in the file.

        Raises:
            CredentialsProblem: The file is not there, is not to be read by us, or is to be read by others too.
            FormatError: It holds something else.
        """
        return Seal(self._read())

    def claim(self) -> Seal:
        """The key for the first secret that is sealed with it: what is in the file, or a new one if there is no file.

        It is durable before this answers. A file that is there is written anew with what it holds: whoever wrote it may
        have been cut off, or told that it is not safe. One that we may not write is somebody else's to keep safe. The
        caller sees to it that nobody else does the same.

        Raises:
            CredentialsProblem, FormatError: As `read`; what is there is left as it is.
            ServiceUnavailable: It cannot be written.
        """
        is_there = os.path.lexists(self.path)
        key = self._read() if is_there else secrets.token_bytes(_KEY_SIZE)
        try:
            self._write(key)
        except OSError as error:
            if not (is_there and error.errno in _NOT_OURS):
                raise ServiceUnavailable(f"The sealing key {self.path} cannot be written: {error.strerror}.") from error
        return Seal(key)

    def _read(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                _require_private(self.path, os.fstat(file.fileno()))
                raw = file.read(_MAX_TEXT)
        except FileNotFoundError as error:
            raise CredentialsProblem(
                f"The sealing key {self.path} is not there; without it no access key can be used. Restore it from a "
                "copy, or name its place with --seal-key. If it is lost, revoke the keys and make new ones."
            ) from error
        except OSError as error:
            raise CredentialsProblem(f"The sealing key {self.path} cannot be read: {error.strerror}.") from error
        match = _TEXT.fullmatch(raw.decode("ascii", "replace"))
        if match is None:
            raise FormatError(f"{self.path} does not hold a sealing key. Restore it from a copy.")
        return bytes.fromhex(match[1])

    def _write(self, key: bytes) -> None:
        """Write the file whole. The temporary name is always the same, so that none is left over for long."""
        folder, name = os.path.split(os.path.realpath(self.path))
        temporary = f".{name}.tmp"
        ensure_folder(self._files, folder)
        if os.path.lexists(os.path.join(folder, temporary)):
            self._files.unlink(os.path.join(folder, temporary))
        content = [f"{_PREFIX}{key.hex()}\n".encode("ascii")]
        durable_write(self._files, folder, name, content, temporary=temporary, is_private=True)
        sync_ancestors(self._files, folder)


def _require_private(path: str, status: os.stat_result) -> None:
    """Refuse a file that its group or everybody may read. Windows has no such bits: there the folder's rights apply."""
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077 and not _is_credential(path):
        raise CredentialsProblem(f"The sealing key {path} may be read by others. Take that away: chmod 600 {path}")


def _is_credential(path: str) -> bool:
    """Whether systemd handed the file to this service: it lies in a folder that nobody else can enter."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and os.path.dirname(path) == os.path.abspath(str(folder))
