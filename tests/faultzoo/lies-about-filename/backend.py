"""A back end that makes a good wheel and returns the name of another one."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    write_wheel(wheel_directory, "zoo-lies-about-filename", "1.0")
    return "../../../etc/passwd"
