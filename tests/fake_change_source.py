"""A change source that is a folder: one file per change, named `<number>-<project>`, in order."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from wheelyard.model.change import ChangedProject
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.source import Changes


class FolderSource:
    """Tells what changed after the cursor, which is the name of the last file that was told."""

    name = "folder"
    every = timedelta(seconds=1)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, project: str) -> str:
        """Say that a project changed; return the cursor of that change."""
        name = f"{len(list(self._folder.iterdir())):04}-{project}"
        (self._folder / name).touch()
        return name

    def changes(self, cursor: str | None) -> Iterator[Changes]:
        for path in sorted(self._folder.iterdir()):
            if cursor is None or path.name > cursor:
                project = parse_project_name(path.name.partition("-")[2])
                yield Changes(projects=(ChangedProject(name=project),), cursor=path.name)
