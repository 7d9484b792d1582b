"""A back end that ends by a segmentation fault."""

import ctypes


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    ctypes.string_at(0)
