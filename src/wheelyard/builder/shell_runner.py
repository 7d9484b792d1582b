"""Runs inside the sandbox: a shell on a terminal of its own, joined to a socket.

It stands alone, for it is started by whatever Python the environment has; see `builder.shell`.
"""

import os
import pty
import select
import socket
import sys

_BYTES = 65536


def main() -> None:
    """Start the shell that the arguments name, and pass on what is typed and printed."""
    joined = socket.socket(socket.AF_UNIX)
    joined.connect(sys.argv[1])
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - a shell is what is wanted
    streams = {joined.fileno(): terminal, terminal: joined.fileno()}
    while True:
        for ready in select.select(list(streams), [], [])[0]:
            try:
                data = os.read(ready, _BYTES)
            except OSError:
                data = b""
            if not data:
                return
            os.write(streams[ready], data)


if __name__ == "__main__":
    main()
