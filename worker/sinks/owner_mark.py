"""A target belongs to one deployment: two that wrote to it would undo each other's work.

A sink that holds state in its target (an object, a row, a document) stores the owner there with its
first write, and calls `refuse_other` before later ones. A queue, a topic or a bus has no place for
a mark.
"""

from app.store.coordination.deployment_id import deployment_id
from app.store.deployment import Deployment
from worker.consumers.sink import Unavailable


class TargetTaken(Unavailable):
    """The target has the mark of another deployment; nothing is written until a person decides."""

    def __init__(self, target: str, other: str, own: str, setting: str) -> None:
        """`target` in words, such as `The archive s3://shop/changes`; `setting`: its name."""
        super().__init__(
            f"{target} belongs to another deployment ({other}); this one is {own}. Set {setting} "
            "to a target of this deployment's own, or empty this target, with the owner's mark, to "
            "use it here."
        )


def owner_of(deployment: Deployment) -> str:
    """The deployment's name and permanent id: `Products 3f9c…`. Ask once, and not at startup.

    Raises:
        StoreUnavailable: the tables cannot be read now.

    """
    return f"{deployment.tables.products} {deployment_id(*deployment.coordination)}"


def refuse_other(found: str | None, own: str, target: str, setting: str) -> bool:
    """Whether the target has the mark `own`; False if it has none, so that it has to be written.

    Write it on the condition that there still is none, and read it again if there is.

    Raises:
        TargetTaken: it has another deployment's mark.

    """
    if found is not None and found != own:
        raise TargetTaken(target, found, own, setting)
    return found is not None
