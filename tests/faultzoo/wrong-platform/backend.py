"""A back end whose wheel is for another machine."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, "zoo-wrong-platform", "1.0", tag="cp39-cp39-win32")
