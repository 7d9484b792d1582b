"""A back end that ends its process as if all were well."""

import os


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    os._exit(0)
