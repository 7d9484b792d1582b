"""What an installer's own lines tell of the build: the project."""

import re

from wheelyard.diagnosis.log_text import LogText
from wheelyard.errors import InvalidName
from wheelyard.model.names import ProjectName, parse_project_name

_NAME = r"(?P<name>[A-Za-z0-9][\w.-]{0,80}?)"
_LINES = (
    ("collecting ", re.compile(rf"^Collecting {_NAME}(?:\[|[<>=!~; ]|$)")),
    ("building wheel for ", re.compile(rf"^Building wheel for {_NAME} \(")),
    ("failed building wheel for ", re.compile(rf"^ERROR: Failed building wheel for {_NAME}$")),
)


def project_in(log: str) -> ProjectName | None:
    """Return the project that a log of pip is about, if pip says so; good for a hint only."""
    text = LogText(log)
    for literal, line in _LINES:
        for place in text.places(literal):
            if match := line.match(text.text(place)):
                try:
                    return parse_project_name(match["name"])
                except InvalidName:
                    continue
    return None
