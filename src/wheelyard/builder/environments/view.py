"""What a build sees of a system: a seam between environments and sandboxes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A system as builds see it, read-only, by paths inside.

    `shown` maps them to files and folders outside; `hidden` are folders below these that are shown
    empty; `links` maps symbolic links to what they hold; `made_up` maps files to their bytes.
    """

    shown: dict[str, Path]
    hidden: tuple[str, ...]
    links: dict[str, str]
    made_up: dict[str, bytes]
