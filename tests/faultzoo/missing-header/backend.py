"""A back end whose C code includes a header that no machine has."""

import subprocess
import sysconfig

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    module = "zoo_missing_header" + sysconfig.get_config_var("EXT_SUFFIX")
    include = sysconfig.get_path("include")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", f"-I{include}", "zoo_missing_header.c", "-o", module],
        check=True,
    )
    with open(module, "rb") as stream:
        files = {module: stream.read()}
    interpreter = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    platform = sysconfig.get_platform().replace("-", "_")
    tag = f"{interpreter}-{interpreter}-{platform}"
    return write_wheel(wheel_directory, "zoo-missing-header", "1.0", files, tag=tag)
