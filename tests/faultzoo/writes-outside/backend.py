"""A back end that writes wherever it can, and fails if it got out of its folder."""

import os

from wheelwriter import write_wheel

PLACES = (
    "/escaped",
    "/bin/escaped",
    "/dev/escaped",
    "/etc/escaped",
    "/home/escaped",
    "/lib/escaped",
    "/opt/escaped",
    "/proc/sys/kernel/hostname",
    "/root/escaped",
    "/usr/bin/python3",
    "/usr/lib/python3/dist-packages/escaped.pth",
    "/usr/local/lib/escaped",
    "/var/lib/escaped",
)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    written = [place for place in PLACES if can_write(place)]
    if written:
        raise RuntimeError(f"written outside: {written}")
    return write_wheel(wheel_directory, "zoo-writes-outside", "1.0")


def can_write(place):
    try:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT))
    except OSError:
        return False
    return True
