"""A back end whose wheel would write outside of the folder that it is installed into."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {"../../escaped.py": b"print('out')\n"}
    return write_wheel(wheel_directory, "zoo-path-escape", "1.0", files)
