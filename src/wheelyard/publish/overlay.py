"""The overlay: upstream's page of a project, whole, with our wheels added. Pure.

One index is then all that an installer needs. Upstream always wins: a filename of upstream's never
gets other bytes, and nothing of ours is there that has no release upstream.
"""

from collections.abc import Iterable

from wheelyard.model.project import ProjectPage, UpstreamFile, releases
from wheelyard.publish.simple import IndexFile, IndexPage
from wheelyard.queue.policy import upstream_has


def overlay_page(upstream: ProjectPage, ours: Iterable[IndexFile], *, serial: int) -> IndexPage:
    """Return upstream's page with those of our wheels that it has room for.

    `serial` is ours for the project.
    """
    known = releases(upstream)
    added = [
        file
        for file in ours
        if (release := None if file.version is None else known.get(file.version)) is not None
        and not upstream_has(release, file.filename)
    ]
    theirs = [_upstream_file(file, upstream) for file in upstream.files]
    return IndexPage(
        name=upstream.name,
        serial=serial,
        files=(*theirs, *added),
        status=upstream.status,
        status_reason=upstream.status_reason,
    )


def _upstream_file(file: UpstreamFile, page: ProjectPage) -> IndexFile:
    return IndexFile(
        filename=file.filename,
        url=file.url,
        version=file.parsed(page.name).version,
        hashes=file.hashes,
        size=file.size,
        uploaded_at=file.uploaded_at,
        requires_python=file.requires_python,
        core_metadata=file.core_metadata,
        yanked=file.yanked,
        yanked_reason=file.yanked_reason,
        provenance=file.provenance,
        gpg_sig=file.gpg_sig,
    )
