from pathlib import Path

import pytest

from wheelyard.web.channels import channel_for
from yard import BOOKWORM, TRIXIE, make_yard

PIP = (
    'pip/26.0 {"cpu":"armv7l","distro":{"id":"bookworm","libc":{"lib":"glibc","version":"2.36"},'
    '"name":"Raspbian GNU/Linux","version":"12"},"installer":{"name":"pip","version":"26.0"}}'
)
BOTH = ("bookworm", "trixie")


@pytest.mark.parametrize(
    ("agent", "channels", "expected"),
    [
        (PIP, BOTH, "bookworm"),
        (PIP.replace("pip/26.0", "uv/0.13.1"), BOTH, "bookworm"),
        (PIP.replace("bookworm", "sid"), BOTH, None),
        (PIP.replace('"bookworm"', '["bookworm"]'), BOTH, None),
        (PIP.replace('"bookworm"', '"../../x"'), (*BOTH, "../../x"), None),
        (PIP, ("bookworm",), None),
        (PIP, (), None),
        ("poetry/2.5.0 CPython/3.11.2 Linux/6.1", BOTH, None),
        ("", BOTH, None),
        (None, BOTH, None),
        ('pip/1 {"distro":' + "[" * 3000, BOTH, None),
    ],
)
def test_an_installer_belongs_on_the_channel_of_its_release(
    agent: str | None, channels: tuple[str, ...], expected: str | None
) -> None:
    assert channel_for(agent, channels) == expected


def test_channels_are_remembered_while_the_database_is_away(tmp_path: Path) -> None:
    yard = make_yard(tmp_path)
    yard.activate(BOOKWORM, TRIXIE)
    assert yard.state.channels.names() == BOTH
    yard.activate(BOOKWORM)
    with yard.without_database():
        assert yard.state.channels.names() == BOTH
        answer = yard.client.get("/simple/spam/", headers={"User-Agent": PIP})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/bookworm/simple/spam/")
    yard.engine.dispose()
