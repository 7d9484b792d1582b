"""A back end whose RECORD disagrees with the archive."""

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    record = b"zoo_bad_record.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
    files = {"zoo_bad_record.py": b"answer = 42\n"}
    return write_wheel(wheel_directory, "zoo-bad-record", "1.0", files, record=record)
