"""A back end that makes empty files without end."""

import itertools
import os


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    for number in itertools.count():
        folder = f"many/{number // 1000}"
        os.makedirs(folder, exist_ok=True)
        open(f"{folder}/{number}", "wb").close()
