"""Lanes: how a builder makes wheels for a target, and how fast."""

from dataclasses import dataclass
from enum import StrEnum

from wheelyard.model.names import TargetName


class Lane(StrEnum):
    """How a builder makes wheels for a target.

    On a machine of the target's own kind; on another one whose kernel hands the target's programs
    to an emulator; or with compilers that run on the machine and make code for the target.
    """

    NATIVE = "native"
    EMULATED = "emulated"
    CROSS = "cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A target that a builder can serve, and in which lane.

    `speed` is measured: how many times in a second of one processor's time the lane compiles the
    same small file (`wheelyard.builder.offers`). Only its ratio to that of others means anything.
    """

    target: TargetName
    lane: Lane
    speed: float
