"""A back end that leaves processes behind, in sessions of their own, and builds a good wheel."""

import os

from wheelwriter import write_wheel

MARK = "wheelyard-zoo-daemon"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    for _ in range(3):
        leave_daemon()
    return write_wheel(wheel_directory, "zoo-leaves-daemons", "1.0")


def leave_daemon():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.execv("/bin/sleep", [MARK, "3600"])
