"""A back end whose C code the compiler rejects."""

import subprocess
import sysconfig

from wheelwriter import write_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    module = "zoo_compile_error" + sysconfig.get_config_var("EXT_SUFFIX")
    include = sysconfig.get_path("include")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", f"-I{include}", "zoo_compile_error.c", "-o", module],
        check=True,
    )
    with open(module, "rb") as stream:
        files = {module: stream.read()}
    interpreter = f"cp{sysconfig.get_config_var('py_version_nodot')}"
    platform = sysconfig.get_platform().replace("-", "_")
    tag = f"{interpreter}-{interpreter}-{platform}"
    return write_wheel(wheel_directory, "zoo-compile-error", "1.0", files, tag=tag)
