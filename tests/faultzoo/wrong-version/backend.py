"""A back end whose wheel is of another version."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, "zoo-wrong-version", "2.0")
