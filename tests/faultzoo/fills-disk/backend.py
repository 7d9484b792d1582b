"""A back end that writes big files without end."""

import itertools


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    for number in itertools.count():
        with open(f"big-{number}.bin", "wb") as stream:
            stream.write(b"x" * 1024**2)
