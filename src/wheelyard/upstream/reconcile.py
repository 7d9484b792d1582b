"""What changed between two readings of a project's page: pure."""

from dataclasses import dataclass, replace

from wheelyard.model.names import Filename
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed, as filenames in page order.

    `changed` holds files whose entry differs in anything; `yanked` and `unyanked` are those of
    them, and of the added ones, whose yank is new or gone. `status` is the new project status
    where it is another one. `described` tells whether the project's name, summary or the reason
    of its status changed.
    """

    added: tuple[Filename, ...] = ()
    removed: tuple[Filename, ...] = ()
    changed: tuple[Filename, ...] = ()
    yanked: tuple[Filename, ...] = ()
    unyanked: tuple[Filename, ...] = ()
    status: ProjectStatus | None = None
    described: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the page says what it said before; the serial alone does not count."""
        return self == Changes()


def changes(stored: ProjectPage | None, page: ProjectPage) -> Changes:
    """Compare a page with what is stored of it; without a stored page all of it is new."""
    before = {file.filename: file for file in stored.files} if stored else {}
    after = {file.filename: file for file in page.files}
    return Changes(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
        yanked=tuple(name for name in after if _yanked(after, name) > _yanked(before, name)),
        unyanked=tuple(name for name in after if _yanked(after, name) < _yanked(before, name)),
        status=page.status if page.status != _status(stored) else None,
        described=_description(stored) != _description(page),
    )


def with_known_details(page: ProjectPage, stored: ProjectPage | None) -> ProjectPage:
    """Fill in what an earlier reading told about the same bytes and this one leaves out.

    Some indexes tell sizes, upload times and yanks in a second document that is not always there.
    The first two belong to the bytes, so they are kept as long as filename and SHA-256 stay the
    same. A file whose size was told before and is not told now was read without that document:
    then its yank is kept too, until the document is there again.
    """
    if stored is None:
        return page
    known = {file.filename: file for file in stored.files}
    return replace(
        page,
        files=tuple(_with_known(file, known.get(file.filename)) for file in page.files),
        display_name=page.display_name or stored.display_name,
        summary=page.summary or stored.summary,
        owner=page.owner or stored.owner,
    )


def _with_known(file: UpstreamFile, known: UpstreamFile | None) -> UpstreamFile:
    if known is None or known.sha256 is None or known.sha256 != file.sha256:
        return file
    read_without_details = file.size is None and known.size is not None
    yanked = file.yanked or (read_without_details and known.yanked)
    return replace(
        file,
        size=known.size if read_without_details else file.size,
        uploaded_at=file.uploaded_at or known.uploaded_at,
        yanked=yanked,
        yanked_reason=file.yanked_reason
        or (known.yanked_reason if yanked and read_without_details else None),
    )


def _yanked(files: dict[Filename, UpstreamFile], name: Filename) -> bool:
    return name in files and files[name].yanked


def _status(page: ProjectPage | None) -> ProjectStatus:
    return page.status if page else ProjectStatus.ACTIVE


def _description(page: ProjectPage | None) -> tuple[str | None, ...]:
    return (page.display_name, page.summary, page.status_reason) if page else (None, None, None)
