"""A back end that builds a good pure wheel."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open("zoo_good_pure.py", "rb") as stream:
        files = {"zoo_good_pure.py": stream.read()}
    return write_wheel(wheel_directory, "zoo-good-pure", "1.0", files)
