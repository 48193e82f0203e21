"""What the pipeline needs of the lease under which records were read."""

from typing import Any, Protocol


class Hold(Protocol):
    """The lease under which a page was read, as the pipeline uses it."""

    def check(self) -> None:
        """Read the lease's row, and return if the lease is still held.

        Raises:
            LeaseLost: another worker holds it.
            StoreUnavailable: the row cannot be read now.

        """

    def condition(self) -> dict[str, Any] | None:
        """A `TransactWriteItems` action that fails if the lease is lost; None without a lease."""


class Unleased:
    """The hold for work without leases, such as Lambda, which assigns the shards itself."""

    def check(self) -> None:
        """Return: there is no lease to lose."""

    def condition(self) -> dict[str, Any] | None:
        """None: there is no lease."""
        return None
