from packaging.version import Version

from factories import project_page, upstream_file, wheel, wheel_file
from wheelyard.certify.expected import ReleaseFacts
from wheelyard.model.names import parse_wheel_name
from wheelyard.model.wheel import WheelState
from wheelyard.queue.facts import release_facts

COMPILED = "evdev-1.0-cp311-cp311-manylinux_2_17_aarch64.whl"
OLDER = "evdev-0.9-py3-none-any.whl"
NEWER = "evdev-2.0-py3-none-any.whl"


def test_the_wheels_of_the_same_version_tell_the_most() -> None:
    page = project_page(
        upstream_file(requires_python=">=3.8"),
        upstream_file(COMPILED),
        upstream_file(OLDER),
        upstream_file(NEWER),
    )
    assert release_facts(page, Version("1.0"), []) == ReleaseFacts(
        is_known=True, requires_python=">=3.8", relatives=(parse_wheel_name(COMPILED),)
    )


def test_without_wheels_of_its_own_those_of_the_version_before_tell() -> None:
    page = project_page(upstream_file(), upstream_file(OLDER), upstream_file(NEWER))
    facts = release_facts(page, Version("1.0"), [])
    assert facts.relatives == (parse_wheel_name(OLDER),)


def test_our_own_wheels_tell_too_unless_they_were_withdrawn() -> None:
    ours = wheel()
    gone = wheel(
        file=wheel_file("evdev-1.0-cp312-cp312-linux_armv7l.whl"), state=WheelState.WITHDRAWN
    )
    facts = release_facts(project_page(upstream_file()), Version("1.0"), [ours, gone])
    assert facts.relatives == (ours.file.name,)


def test_nothing_is_told_of_a_release_that_is_gone() -> None:
    facts = release_facts(project_page(upstream_file(NEWER)), Version("1.0"), [])
    assert facts == ReleaseFacts(is_known=True)
