"""Telling a cache in front of the server which URLs it must forget."""

from collections.abc import Collection

import httpx2

from wheelyard.errors import CacheUnavailable

_URLS_AT_ONCE = 500


class Purge:
    """A hook that is told what has changed: a POST of `{"urls": [...]}` to an address of its own.

    Every 2xx answer means that the URLs are forgotten.
    """

    def __init__(self, client: httpx2.Client, url: str, *, server_url: str) -> None:
        self._client = client
        self._url = url
        self._server_url = server_url

    def forget(self, paths: Collection[str]) -> None:
        """Have paths below the server's address forgotten.

        Raises:
            CacheUnavailable: if the hook does not answer, or not with success.
        """
        ordered = sorted(set(paths))
        for start in range(0, len(ordered), _URLS_AT_ONCE):
            urls = [f"{self._server_url}{path}" for path in ordered[start : start + _URLS_AT_ONCE]]
            try:
                self._client.post(self._url, json={"urls": urls}).raise_for_status()
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise CacheUnavailable(self._url, f"{type(error).__name__}: {error}") from None
