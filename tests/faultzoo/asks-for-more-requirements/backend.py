"""A back end that asks for a requirement when it runs, and needs it for the wheel."""

from wheelwriter import write_wheel


def get_requires_for_build_wheel(config_settings=None):
    return ["packaging"]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    from packaging.version import Version

    version = str(Version("1.0"))
    return write_wheel(wheel_directory, "zoo-asks-for-more-requirements", version)
