"""A back end that downloads what it needs."""

from urllib.request import urlopen


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with urlopen("https://example.org/library.tar.gz", timeout=30) as response:
        response.read()
