"""A back end whose wheel is a symbolic link to a file of the machine's."""

import os


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    filename = "zoo_links_to_file-1.0-py3-none-any.whl"
    os.symlink("/etc/shadow", os.path.join(wheel_directory, filename))
    return filename
