"""A back end that imports what it did not declare."""

import wheelyard_zoo_undeclared


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return wheelyard_zoo_undeclared.build(wheel_directory)
