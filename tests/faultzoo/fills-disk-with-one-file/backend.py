"""A back end that writes one file without end."""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open("big.bin", "wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 1024**2)
