"""A back end that makes nothing and returns nothing."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return None
