"""What to do when a cross build failed: whether another lane may do better. Pure."""

from wheelyard.model.build import FailureKind

_SAME_EVERYWHERE = frozenset(
    {
        FailureKind.DISK_FULL,
        FailureKind.HASH_MISMATCH,
        FailureKind.NO_SDIST,
        FailureKind.OPTED_OUT,
        FailureKind.OUTPUT_LIMIT,
        FailureKind.OUT_OF_MEMORY,
        FailureKind.PROCESS_LIMIT,
        FailureKind.PYTHON_INCOMPATIBLE,
        FailureKind.SDIST_INVALID,
        FailureKind.TIMEOUT,
    }
)
"""What no lane changes: the project itself, or limits, which other lanes reach no later."""


def is_worth_another_lane(failure: FailureKind) -> bool:
    """Whether a build that failed so with cross compilers may succeed under emulation.

    A missing header or program may be one that only the cross lane does not see, so it is.
    """
    return failure not in _SAME_EVERYWHERE


def is_to_be_remembered(failure: FailureKind) -> bool:
    """Whether a project that failed so, and was built in another lane, goes straight there."""
    return failure is not FailureKind.INFRASTRUCTURE
