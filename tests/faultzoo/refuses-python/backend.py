"""A back end that ends with a word about the Python that it runs on."""

import sys


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"RuntimeError: Python 3.99 or newer is required, this is Python {found}")
