"""A back end that takes more and more memory, and uses it."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    hoard = []
    while True:
        hoard.append(bytearray(b"x") * (4 * 1024**2))
