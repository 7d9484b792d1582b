"""Which packages people are told to install."""

from wheelyard.publish.debian import to_install


def test_what_every_board_has_is_not_named() -> None:
    needed = ("zlib1g (>= 1:1.2)", "libssl3t64", "libopenblas0-pthread", "libxml2 (>= 2.9.0)")
    assert to_install(needed) == ("libopenblas0-pthread", "libxml2")


def test_what_cannot_be_a_package_is_left_out() -> None:
    hostile = ("libfoo1;reboot", "$(reboot)", "--yes", "", "<b>", "libfoo1:armhf")
    assert to_install(hostile) == ("libfoo1:armhf",)
