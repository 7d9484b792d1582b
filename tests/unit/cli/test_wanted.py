import pytest
from packaging.version import Version

from wheelyard.cli.wanted import DEFAULTS, parse_want
from wheelyard.errors import InvalidName
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Want


def test_a_name_alone_wants_the_newest_final_release() -> None:
    assert parse_want("RPi.GPIO") == Want(project=parse_project_name("rpi-gpio"), version=None)


def test_a_version_can_be_named() -> None:
    assert parse_want("RPi.GPIO==0.7.1", force=True) == Want(
        project=parse_project_name("rpi-gpio"), version=Version("0.7.1"), force=True
    )


@pytest.mark.parametrize("text", ["", "==1.0", "evdev==", "evdev==one", "evdev>=1", "a b", "-x"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_want(text)


def test_the_defaults_can_be_read() -> None:
    assert all(parse_want(text) for text in DEFAULTS)
