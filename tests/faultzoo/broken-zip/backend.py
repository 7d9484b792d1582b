"""A back end whose wheel is cut off in the middle."""

import os

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    filename = write_wheel(wheel_directory, "zoo-broken-zip", "1.0")
    path = os.path.join(wheel_directory, filename)
    os.truncate(path, os.path.getsize(path) // 2)
    return filename
