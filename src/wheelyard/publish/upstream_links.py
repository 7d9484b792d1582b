"""Where upstream tells people of a project; pure."""

from urllib.parse import urlsplit

from wheelyard.model.names import ProjectName

_SIMPLE = "/simple/"


def upstream_page(index_url: str, project: ProjectName) -> str | None:
    """Return where upstream has its page of a project, given its simple index.

    Indexes whose simple index is `…/simple/` mostly have pages for people at `…/project/NAME/`; of
    others the project's page on the simple index is named. A password in the URL is left out. None
    if the index is no web server.
    """
    parts = urlsplit(index_url)
    if parts.scheme not in {"http", "https"}:
        return None
    path = f"{parts.path.rstrip('/')}/"
    folder = f"{path.removesuffix(_SIMPLE)}/project/" if path.endswith(_SIMPLE) else path
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{folder}{project}/"
