"""A back end that needs a requirement that no index has."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise RuntimeError("this must never be reached")
