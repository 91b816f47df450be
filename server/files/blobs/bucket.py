"""Blobs in a bucket that speaks S3; it acknowledges what is durable, and so do we after it."""

import datetime as dt
import errno
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from server.settings import BadSetting, Settings

Result = TypeVar("Result")

_PATIENCE: dict[str, Any] = {"timeout": "20s", "connect_timeout": "5s"}
_TRIES: Any = {"max_retries": 2, "retry_timeout": dt.timedelta(seconds=20)}
"""A phone waits for the answer; what fails is told to it as 503, and it sends again."""


class Bucket:
    """Objects named like the files of a folder, below a prefix."""

    def __init__(self, store: Any) -> None:
        self._store = store

    @classmethod
    def of(cls, settings: Settings) -> "Bucket":
        """The bucket that the settings name; BadSetting where they name none."""
        name, _, prefix = settings.blobs.removeprefix("s3://").partition("/")
        if not name:
            raise BadSetting(f"TUNGNHA_BLOBS={settings.blobs!r}: s3://kho/thu-muc")
        endpoint = settings.s3_endpoint
        options: dict[str, Any] = {"region": settings.s3_region}
        if endpoint:
            options |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        if settings.s3_key_id:
            options |= {"access_key_id": settings.s3_key_id, "secret_access_key": settings.s3_secret}
        client: Any = {**_PATIENCE, "allow_http": endpoint.startswith("http://")}
        return cls(
            S3Store(name, prefix=prefix or None, client_options=client, retry_config=_TRIES, **options)
        )

    def put(self, sha256: bytes, content: BinaryIO) -> None:
        """Whole or not at all; one that is there already with the same bytes is not sent again."""
        content.seek(0, io.SEEK_END)
        size = content.tell()
        content.seek(0)
        if self._size(sha256) != size or hashlib.sha256(self.get(sha256) or b"").digest() != sha256:
            _asked(lambda: obstore.put(self._store, _key(sha256), content.read(), use_multipart=False))

    def get(self, sha256: bytes) -> bytes | None:
        return _asked(lambda: bytes(obstore.get(self._store, _key(sha256)).bytes()))

    def delete(self, sha256: bytes) -> bool:
        is_there = self._size(sha256) is not None
        if is_there:
            _asked(lambda: obstore.delete(self._store, _key(sha256)))
        return is_there

    def files(self) -> Iterator[tuple[str, int, dt.datetime]]:
        pages = iter(obstore.list(self._store, chunk_size=1000))
        while page := _asked(lambda: next(pages, None)):
            for each in page:
                yield each["path"].rpartition("/")[2], each["size"], each["last_modified"]

    def _size(self, sha256: bytes) -> int | None:
        found: Any = _asked(lambda: obstore.head(self._store, _key(sha256)))
        return None if found is None else int(found["size"])


def _key(sha256: bytes) -> str:
    name = sha256.hex()
    return f"{name[:2]}/{name[2:4]}/{name}"


def _asked(ask: Callable[[], Result]) -> Result | None:
    """What the bucket answers; None where it has no such object; an OSError, as of a disk, where it fails."""
    try:
        return ask()
    except (NotFoundError, FileNotFoundError):
        return None
    except (BaseError, OSError) as error:
        raise OSError(
            errno.EIO, f"the bucket of the blobs does not answer: {type(error).__name__}"
        ) from error
