"""The time that a download saved, against tables that were worked out by hand."""

from datetime import timedelta

import pytest

from wheelyard.downloads.saved import Saving, comparable_ms
from wheelyard.model.download import ClientClass
from wheelyard.model.statistics import YEAR_MS

SAVING = Saving(
    factors={
        "": {"armv6l": 6.0, "x86_64": 0.25},
        "Raspberry Pi": {"armv6l": 5.0},
        "Raspberry Pi 5": {"armv6l": 20.0, "armv7l": 3.0},
    },
    install=timedelta(seconds=6.7),
    longest=timedelta(hours=3),
)
PLATFORM = "numpy-2.1.0-cp311-cp311-linux_armv7l.whl"
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("filename", "client_class", "architecture", "build_ms", "saved"),
    [
        # An hour on a board like the builder's, less 6.7 s.
        (PLATFORM, ClientClass.INSTALLER, "armv7l", HOUR, 3_593_300),
        # A Pi Zero would have taken six hours.
        (PLATFORM, ClientClass.INSTALLER, "armv6l", HOUR, 21_593_300),
        # A faster machine, a quarter of an hour.
        (PLATFORM, ClientClass.INSTALLER, "x86_64", HOUR, 893_300),
        # Nobody knows the machine, so it counts like the builder's.
        (PLATFORM, ClientClass.INSTALLER, None, 10_000, 3_300),
        (PLATFORM, ClientClass.INSTALLER, "other", 10_000, 3_300),
        # Built sooner than installed: nothing, not less.
        (PLATFORM, ClientClass.INSTALLER, "armv7l", 6_700, 0),
        (PLATFORM, ClientClass.INSTALLER, "armv7l", 5_000, 0),
        (PLATFORM, ClientClass.INSTALLER, "armv7l", 6_701, 1),
        # The limit of a job still counts, a millisecond more is a clock that jumped.
        (PLATFORM, ClientClass.INSTALLER, "armv7l", 3 * HOUR, 10_793_300),
        (PLATFORM, ClientClass.INSTALLER, "armv7l", 3 * HOUR + 1, 0),
        (PLATFORM, ClientClass.INSTALLER, "armv7l", -5, 0),
        (PLATFORM, ClientClass.INSTALLER, "armv7l", None, 0),
        # Nobody installs.
        (PLATFORM, ClientClass.ROBOT, "armv7l", HOUR, 0),
        (PLATFORM, ClientClass.MIRROR, "armv7l", HOUR, 0),
        (PLATFORM, ClientClass.BROWSER, None, HOUR, 0),
        (PLATFORM, ClientClass.OTHER, None, HOUR, 0),
        # Nothing had to be built.
        ("six-1.16.0-py2.py3-none-any.whl", ClientClass.INSTALLER, "armv7l", HOUR, 0),
        ("numpy-2.1.0.tar.gz", ClientClass.INSTALLER, "armv7l", HOUR, 0),
        ("broken.whl", ClientClass.INSTALLER, "armv7l", HOUR, 0),
        # Libraries without Python's ABI are built for a platform as well.
        (
            "rp2-1.0-py3-none-linux_armv7l.whl",
            ClientClass.INSTALLER,
            "armv7l",
            HOUR,
            3_593_300,
        ),
    ],
)
def test_a_download_saves_what_building_would_have_taken(
    filename: str,
    client_class: ClientClass,
    architecture: str | None,
    build_ms: int | None,
    saved: int,
) -> None:
    assert saved == SAVING.saved_ms(
        filename, client_class=client_class, architecture=architecture, build_ms=build_ms
    )


@pytest.mark.parametrize(
    ("board", "architecture", "saved"),
    [
        ("", "armv6l", 593_300),
        ("Some board", "armv6l", 593_300),
        ("Raspberry Pi 4 Model B Rev 1.4", "armv6l", 493_300),
        ("Raspberry Pi 4 Model B Rev 1.4", "x86_64", 93_300),
        ("Raspberry Pi 5 Model B Rev 1.0", "armv6l", 1_993_300),
        ("Raspberry Pi 5 Model B Rev 1.0", "armv7l", 293_300),
        ("Raspberry Pi 5 Model B Rev 1.0", "aarch64", 93_300),
    ],
)
def test_the_factor_is_that_of_the_builders_board_and_the_clients_architecture(
    board: str, architecture: str, saved: int
) -> None:
    assert saved == SAVING.saved_ms(
        PLATFORM,
        client_class=ClientClass.INSTALLER,
        architecture=architecture,
        build_ms=100_000,
        board=board,
    )


@pytest.mark.parametrize(
    ("filename", "build_ms", "comparable"),
    [
        (PLATFORM, HOUR, 3_593_300),
        ("numpy-2.1.0-cp311-cp311-linux_armv6l.whl", HOUR, 6 * 3_593_300),
        ("numpy-2.1.0-cp311-abi3-linux_armv6l.whl", 7_000, 6 * 300),
        ("numpy-2.1.0-1-cp311-cp311-linux_armv7l.whl", 7_000, 300),
        ("numpy-2.1.0-cp311-cp311-linux_aarch64.whl", HOUR, 0),
        ("numpy-2.1.0-cp311-cp311-manylinux_2_17_armv7l.linux_armv7l.whl", HOUR, 3_593_300),
        ("numpy-2.1.0-cp311-cp311-linux_armv6l.linux_armv7l.whl", HOUR, 3_593_300),
        ("numpy-2.1.0-cp311-cp311-manylinux_2_17_armv7l.whl", HOUR, 0),
        ("rp2-1.0-py3-none-linux_armv7l.whl", HOUR, 0),
        ("six-1.16.0-py2.py3-none-any.whl", HOUR, 0),
        ("numpy-2.1.0.tar.gz", HOUR, 0),
        (PLATFORM, 6_000, 0),
        (PLATFORM, 7 * 24 * HOUR, 7 * 24 * HOUR - 6_700),
        (PLATFORM, 7 * 24 * HOUR + 1, 0),
        (PLATFORM, None, 0),
    ],
)
def test_the_other_sum_is_reckoned_as_piwheels_publishes_it(
    filename: str, build_ms: int | None, comparable: int
) -> None:
    assert comparable_ms(filename, build_ms=build_ms) == comparable


def test_a_year_has_360_days() -> None:
    assert YEAR_MS == 31_104_000_000
