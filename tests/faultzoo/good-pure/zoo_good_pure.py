"""A module that does what it is for."""


def answer():
    """Return the answer."""
    return 42
