"""The upstream index: a project's page read over HTTP."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urljoin

import httpx2

from wheelyard.client import read_limited
from wheelyard.clock import Clock, SystemClock
from wheelyard.errors import InvalidPage, UnknownProject, UpstreamUnavailable
from wheelyard.log import get_logger
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectPage
from wheelyard.upstream.configured import default_index_url
from wheelyard.upstream.details import Details, add_details, lacks_details, parse_details
from wheelyard.upstream.exchange import index_address, retry_after
from wheelyard.upstream.page import parse_html, parse_json
from wheelyard.upstream.values import clean_integer

_log = get_logger("upstream")

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
)
"""What a simple page is asked for as (PEP 691): JSON rather than HTML."""

_JSON_TYPES = frozenset({"application/vnd.pypi.simple.v1+json", "application/json"})
_HTML_TYPES = frozenset({"application/vnd.pypi.simple.v1+html", "text/html"})
_MAX_PAGE_BYTES = 64 * 2**20
_LONGEST_PAGE = timedelta(minutes=2)
_DETAILS_PAUSE = timedelta(hours=1)
_ETAG = re.compile(r'(?:W/)?"[!#-~]{0,200}"')
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_DEFAULT_WAIT = timedelta(seconds=30)
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_CLOCK = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of asking for a page: `page` is None if it is still what the tag named.

    `etag` names the state of the page to ask for the next one with; `serial` is upstream's serial
    of the page, as far as it was told.
    """

    page: ProjectPage | None
    etag: str | None = None
    serial: int | None = None


class Upstream:
    """One package index, read by its simple API.

    User name and password in the index's URL are sent to it, and are part of nothing that is
    logged, raised or stored. Several threads may read at once.
    """

    def __init__(self, client: httpx2.Client, url: str, *, clock: Clock = _CLOCK) -> None:
        """Read the simple index at `url`.

        Raises:
            InvalidSetting: if that is no http or https address.
        """
        self._client = client
        self._clock = clock
        address = index_address(url)
        self.url = str(address.copy_with(username=None, password=None))
        self._auth = httpx2.BasicAuth(address.username, address.password)
        self._sends_auth = bool(address.userinfo)
        self._details_again_at: datetime | None = None

    def project_page(self, project: ProjectName) -> ProjectPage:
        """Read a project's page whole, whatever is known of it; raises as `read` does."""
        page = self.read(project).page
        if page is None:
            raise UpstreamUnavailable(f"{self.url}{project}/", "It answered 304 unasked")
        return page

    def read(self, project: ProjectName, *, etag: str | None = None) -> Reading:
        """Read a project's page whole, unless it is still what `etag` names.

        What the simple page leaves out is filled in from `/pypi/NAME/json` beside the index, if
        the index has that. Then there is no tag: it would name one half of what was read.

        Raises:
            UnknownProject: if the index has no such project (404).
            UpstreamUnavailable: if it does not answer, or not with a whole page.
            InvalidPage: if what it answers is not the project's page.
        """
        url = f"{self.url}{project}/"
        response, content = self._get(url, project, accept=ACCEPT, etag=etag)
        serial = _serial(response)
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return Reading(page=None, etag=etag, serial=serial)
        page = _parse(response, content, project)
        if page.serial is None:
            page = replace(page, serial=serial)
        if lacks_details(page):
            return Reading(page=self._with_details(page), serial=page.serial)
        return Reading(page=page, etag=_tag(response), serial=page.serial)

    def with_owner(self, page: ProjectPage) -> ProjectPage:
        """Fill in who owns a project, which only the details tell; unchanged if they do not."""
        if self._is_without_details():
            return page
        details = self._details(page.name)
        return page if details is None else replace(page, owner=details.owner)

    def _is_without_details(self) -> bool:
        again_at = self._details_again_at
        return again_at is not None and self._clock.now() < again_at

    def _with_details(self, page: ProjectPage) -> ProjectPage:
        """Fill in what the page leaves out; without details it is returned as it is."""
        if self._is_without_details():
            return page
        details = self._details(page.name)
        return page if details is None else add_details(page, details)

    def _details(self, project: ProjectName) -> Details | None:
        url = urljoin(self.url, f"../pypi/{project}/json")
        pause = _DETAILS_PAUSE
        try:
            _, content = self._get(url, project, accept="application/json")
            return parse_details(content, url)
        except InvalidPage as error:
            _log.warning("details-unusable", project=project, error=str(error))
            return None
        except UnknownProject:
            _log.info("index-has-no-details", index=self.url)
        except UpstreamUnavailable as error:
            pause = timedelta(seconds=error.retry_after or 0) or pause
            _log.warning("details-unavailable", project=project, error=str(error))
        # A page can do without: rather than ask for each project in vain, ask again later.
        self._details_again_at = self._clock.now() + pause
        return None

    def _get(
        self, url: str, project: ProjectName, *, accept: str, etag: str | None = None
    ) -> tuple[httpx2.Response, bytes]:
        """Return an answer and its whole body: status 200, or 304 if `etag` is given."""
        auth = self._auth if self._sends_auth else None
        headers = {"Accept": accept} | ({} if etag is None else {"If-None-Match": etag})
        try:
            with self._client.stream("GET", url, headers=headers, auth=auth) as response:
                if etag is None or response.status_code != HTTPStatus.NOT_MODIFIED:
                    self._check_status(response, url, project)
                content = read_limited(response, _MAX_PAGE_BYTES, within=_LONGEST_PAGE)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            cause = f"{type(error).__name__}: {error}"
            raise UpstreamUnavailable(url, f"It did not answer: {cause}") from error
        if content is None:
            raise InvalidPage(url, f"It is larger than {_MAX_PAGE_BYTES} bytes")
        return response, content

    def _check_status(self, response: httpx2.Response, url: str, project: ProjectName) -> None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return
        if status in _GONE:
            raise UnknownProject(project, f"Is it spelled as on the index at {self.url}?")
        advice = f"It answered with status {status}"
        if status in _DENIED:
            advice += "; does the index's address need a user name and a password?"
        wait = retry_after(response, self._clock.now())
        if wait is None and status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = _DEFAULT_WAIT
        raise UpstreamUnavailable(
            url, advice, retry_after=None if wait is None else wait.total_seconds()
        )


def _serial(response: httpx2.Response) -> int | None:
    text = response.headers.get("X-PyPI-Last-Serial", "")
    return clean_integer(int(text)) if text.isascii() and text[:19].isdecimal() else None


def _tag(response: httpx2.Response) -> str | None:
    """Return the ETag if it is one that can be sent back (RFC 9110)."""
    text: str = response.headers.get("ETag", "")
    return text if _ETAG.fullmatch(text) else None


def _parse(response: httpx2.Response, content: bytes, project: ProjectName) -> ProjectPage:
    url = str(response.url.copy_with(username=None, password=None))
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type in _JSON_TYPES:
        return parse_json(content, url, project=project)
    if media_type not in _HTML_TYPES:
        raise InvalidPage(url, f"It came as {ascii(media_type)[:80]}, not as a simple page")
    if not _is_delimited(response) and b"</html" not in content[-200:].lower():
        # Nothing else would tell a whole list of files from the first half of one.
        raise UpstreamUnavailable(url, "The page may have broken off before its end")
    return parse_html(content, url, project=project)


def _is_delimited(response: httpx2.Response) -> bool:
    """Whether HTTP itself told where the body ends, so that a truncation is noticed."""
    return "Content-Length" in response.headers or "Transfer-Encoding" in response.headers


__all__ = ["ACCEPT", "Upstream", "default_index_url"]
