"""What a process can see and do: run it as a script, or call `look_around`."""

import ctypes
import errno
import json
import os
import socket

ADDRESSES = (("127.0.0.1", 22), ("127.0.0.1", 8087), ("192.0.2.1", 80), ("10.0.0.1", 53))
PRIVATE = (
    "/etc/hostname",
    "/etc/machine-id",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/etc/ssh",
    "/home",
    "/mnt",
    "/opt",
    "/root",
    "/run/docker.sock",
    "/run/dbus",
    "/srv",
    "/sys",
    "/var/lib",
    "/var/log",
)
CLONE_NEWUSER = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def look_around():
    """Return everything as plain data."""
    return {
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "ids": [os.getuid(), os.geteuid(), os.getgid(), os.getegid()],
        "groups": os.getgroups(),
        "status": status(),
        "hostname": socket.gethostname(),
        "processes": processes(),
        "environments": environments(),
        "descriptors": descriptors(),
        "mounts": mounts(),
        "interfaces": [name for _, name in socket.if_nameindex()],
        "connections": {f"{host}:{port}": connect(host, port) for host, port in ADDRESSES},
        "name_lookup": look_up("example.org"),
        "root": sorted(os.listdir("/")),
        "etc": sorted(os.listdir("/etc")),
        "local": sorted(os.listdir("/usr/local")) if os.path.isdir("/usr/local") else [],
        "private": [path for path in PRIVATE if os.path.exists(path)],
        "devices": sorted(os.listdir("/dev")),
        "writable": writable("/"),
        "setuid_root": become_root(),
        "user_namespace": call(libc.unshare, CLONE_NEWUSER),
        "mount": call(libc.mount, b"none", b"/tmp", b"tmpfs", 0, None),
    }


def status():
    wanted = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"}
    with open("/proc/self/status") as stream:
        lines = [line.split(":", 1) for line in stream]
    return {name: value.strip() for name, value in lines if name in wanted}


def processes():
    return {pid: read(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdecimal()}


def environments():
    return {pid: read(f"/proc/{pid}/environ") for pid in os.listdir("/proc") if pid.isdecimal()}


def read(path):
    try:
        with open(path, errors="replace") as stream:
            return stream.read()
    except OSError as error:
        return errno.errorcode[error.errno]


def descriptors():
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
    return found


def mounts():
    with open("/proc/self/mounts") as stream:
        rows = [line.split() for line in stream]
    return [{"at": row[1], "kind": row[2], "options": row[3].split(",")} for row in rows]


def connect(host, port):
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return "connected"


def look_up(name):
    try:
        return socket.getaddrinfo(name, 80)[0][4][0]
    except OSError as error:
        return type(error).__name__


def writable(top, depth=3):
    """Return the folders into which a file can be written, not looking below these."""
    if top == "/proc":
        return []
    if can_write_in(top):
        return [top]
    try:
        entries = list(os.scandir(top))
    except OSError:
        return []
    folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(found for folder in folders if depth for found in writable(folder, depth - 1))


def can_write_in(folder):
    file = os.path.join(folder, "wheelyard-probe")
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        os.unlink(file)
    except OSError:
        return False
    return True


def become_root():
    """Return whether a child of this process can become root."""
    child = os.fork()
    if child == 0:
        try:
            os.setuid(0)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def call(function, *arguments):
    if function(*arguments) == 0:
        return "allowed"
    return errno.errorcode[ctypes.get_errno()]


if __name__ == "__main__":
    print(json.dumps(look_around()))
