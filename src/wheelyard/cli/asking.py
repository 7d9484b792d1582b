"""What another server tells everybody of the projects that a file asks for."""

import re
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2

from wheelyard.checking.facts import KnownProject
from wheelyard.checking.told import ToldProject, known_project, read_places, read_told
from wheelyard.checking.verdict import Finding, Outcome, placed
from wheelyard.client import read_limited
from wheelyard.errors import (
    InvalidPage,
    ServerUnavailable,
    UnknownProject,
    UpstreamUnavailable,
)
from wheelyard.model.names import ProjectName
from wheelyard.model.target import Target
from wheelyard.publish.selection import overlay_of
from wheelyard.upstream.index import Upstream

_AT_ONCE = 4
_MOST_BYTES = 16 * 2**20
_MOST_OF_A_PROBLEM = 4096
_MISSING = 404
_INDEX = re.compile(r"/(?:[a-z][a-z0-9]{0,30}/)?(?:overlay/)?simple/?\Z")


class Server:
    """A wheelyard at an address; of an index of its own the address leads to it too."""

    def __init__(self, client: httpx2.Client, url: str) -> None:
        """Ask the server at `url`.

        Raises:
            InvalidSetting: if that is no http or https address.
        """
        self._client = client
        self.url = _INDEX.sub("", url).rstrip("/")

    def known(
        self,
        names: Collection[ProjectName],
        target: Target,
        *,
        on_progress: Callable[[int, int], object],
    ) -> dict[ProjectName, KnownProject]:
        """Return what is known of projects for a target; those that upstream has not are left out.

        Raises:
            ServerUnavailable: if the server does not answer as it should.
            InvalidPage: if what it tells cannot be used.
        """
        index = Upstream(self._client, f"{self.url}/{overlay_of(target.channel)}/")
        found: dict[ProjectName, KnownProject] = {}
        ordered = sorted(names)
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            asked = [pool.submit(self._known, index, name, target) for name in ordered]
            try:
                for done, future in enumerate(asked, 1):
                    project = future.result()
                    if project is not None:
                        found[project.name] = project
                    on_progress(done, len(asked))
            finally:
                pool.shutdown(cancel_futures=True)
        return found

    def with_places(self, findings: Sequence[Finding], target: Target) -> list[Finding]:
        """Return findings with the places of jobs in the queue, as far as the server tells them.

        Only what is being built there is asked about, so that the file's other lines stay here.
        """
        building = {
            f"{one.need.name}=={one.version}"
            for one in findings
            if one.outcome is Outcome.BUILDING and one.version is not None
        }
        if not building:
            return list(findings)
        answer = self._check("\n".join(sorted(building)), target)
        try:
            places = read_places(answer.content) if answer and answer.is_success else {}
        except InvalidPage:
            # The findings hold without.
            places = {}
        return [
            one
            if one.need.name is None or one.version is None
            else placed(one, places.get((one.need.name, one.version)))
            for one in findings
        ]

    def builds_for(self, target: Target) -> bool:
        """Whether the server makes wheels for a target; an older server is not known not to."""
        answer = self._check("", target)
        if answer is None or answer.status_code != _MISSING:
            return True
        return b'"UnknownTarget"' not in answer.content[:_MOST_OF_A_PROBLEM]

    def _check(self, text: str, target: Target) -> httpx2.Response | None:
        """Have the server check a text; None if it does not answer."""
        url = f"{self.url}/api/v1/check"
        asked = {"target": target.name, "filename": "requirements.txt"}
        try:
            return self._client.post(url, params=asked, content=text)
        except httpx2.HTTPError:
            return None

    def _known(self, index: Upstream, name: ProjectName, target: Target) -> KnownProject | None:
        try:
            page = index.read(name).page
        except UnknownProject:
            return None
        except UpstreamUnavailable as error:
            raise ServerUnavailable(str(error.subject), error.advice) from None
        if page is None:
            return None
        return known_project(replace(page, name=name), self._told(name), target)

    def _told(self, name: ProjectName) -> ToldProject:
        """Return what the server decided about a project; nothing if it does not know it."""
        url = f"{self.url}/project/{name}/index.json"
        try:
            with self._client.stream("GET", url) as answer:
                if answer.status_code == _MISSING:
                    return ToldProject()
                answer.raise_for_status()
                body = read_limited(answer, _MOST_BYTES)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ServerUnavailable(url, str(error)) from None
        if body is None:
            raise InvalidPage(url, f"It has more than {_MOST_BYTES} bytes")
        return read_told(body, name)
