"""A back end whose wheel is of another project."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return write_wheel(wheel_directory, "zoo-somebody-else", "1.0")
