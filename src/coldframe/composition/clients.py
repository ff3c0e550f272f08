"""An ordinary boto3 client of any store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coldframe.composition.stores import LOCAL_REGION, OWN_ACCOUNT, is_remote, open_embedded, store_folder

if TYPE_CHECKING:
    from coldframe.composition.library import Coldframe


def boto3_client(url_or_path: str, *, create: bool = True, **options: Any) -> Any:
    """An ordinary boto3 Glacier client of a store: all 33 operations, boto3's own errors, paginators and waiters.

    Of a server or of Amazon it is what `boto3.client("glacier")` is, with the AWS configuration that the user has and
    what the URL says. Of the embedded store it needs neither configuration nor network: its requests are answered in
    this process, and bodies are streamed in both directions.

    Such a client holds the store open. `client.close()` closes it; without that it is closed when neither the client
    nor anything that it has answered is used any more. Any number of clients may be open at once, in any number of
    processes.

    Args:
        url_or_path: As for :func:`~coldframe.open_store`.
        create: Whether an embedded store that is not there is made.
        options: As `boto3.client` takes them; `config`, for example.

    Raises:
        BadUsage, ResourceNotFound, FormatError, ServiceUnavailable: As :func:`~coldframe.open_store`.
    """
    if is_remote(url_or_path):
        return _remote_client(url_or_path, **options)
    from coldframe.wire.in_process import open_store_client  # noqa: PLC0415 - adapters load where one is wanted

    store = open_embedded(store_folder(url_or_path), create=create)
    try:
        return open_store_client(store, account_id=OWN_ACCOUNT, region=LOCAL_REGION, closes_store=True, **options)
    except BaseException:
        store.close()
        raise


def client_of(coldframe: Coldframe, **options: Any) -> Any:
    """A boto3 client of the store that a coldframe is about, with its clock and its waits. Close it before that."""
    if coldframe.is_remote:
        return _remote_client(coldframe.store_url, **options)
    from coldframe.wire.in_process import open_store_client  # noqa: PLC0415 - as above

    return open_store_client(coldframe.embedded(), account_id=OWN_ACCOUNT, region=LOCAL_REGION, **options)


def _remote_client(url: str, **options: Any) -> Any:
    from coldframe.stores import open_client, read_url, translated  # noqa: PLC0415 - as above

    with translated(url):
        return open_client(read_url(url), **options)
