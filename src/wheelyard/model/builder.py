"""Builders: machines that take jobs."""

from dataclasses import dataclass
from datetime import datetime

from wheelyard.model.names import TargetName


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A builder on record. `targets` are those that it may build for; empty means every target.

    One that `is_draining` gets no more jobs, and finishes those that it has.
    """

    id: int
    name: str
    targets: frozenset[TargetName]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_seen_at: datetime | None = None
    is_draining: bool = False

    def may_build(self, target: TargetName) -> bool:
        """Whether the builder's token lets it take jobs of this target."""
        return not self.targets or target in self.targets
