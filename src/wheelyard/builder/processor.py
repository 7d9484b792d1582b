"""Which processor the programs of a target are told that they run on."""

_OLDEST_CPU = {"armv6l": "arm1176", "armv7l": "cortex-a7"}
"""What qemu pretends to be: the first Raspberry Pi of each architecture."""


def of_imports(architecture: str) -> dict[str, str]:
    """Return the variables under which modules are imported: only what the oldest machine has."""
    cpu = _OLDEST_CPU.get(architecture)
    return {} if cpu is None else {"QEMU_CPU": cpu}


def of_builds(architecture: str) -> dict[str, str]:
    """Return the variables under which a target's wheels are built.

    Newer processors, and qemu, call themselves armv7l where wheels for armv6l are made, and wheels
    would be named after that (`sysconfig.get_platform`).
    """
    if architecture != "armv6l":
        return {}
    return {"_PYTHON_HOST_PLATFORM": f"linux-{architecture}", **of_imports(architecture)}
