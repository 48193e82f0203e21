"""A sink's filter says which events it receives, its projection which attributes leave the house.

The key always leaves. Everything else in an event that is read from an attribute leaves only with
that attribute: the images, the names in `changed`, and the fields such as `stock_after`. Who made
a change and why is read from the metadata attribute (`STOCKPULSE_METADATA_ATTRIBUTE`). Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.core.events import ChangeEvent
from app.core.item import AttributeNames, Item
from app.core.paths import Path, path_of, value_at, with_value
from app.filters.document import wants
from app.filters.pattern import parse_filter
from app.store.deployment import Deployment
from worker.consumers.sink import Deliver, Rejected, Sink

_OF_METADATA = ("actor", "reason", "note", "reference", "request_id", "reverses")


class Projection:
    """The attributes that leave the house; None: all. Names as in the settings, `inventory.qty`."""

    def __init__(self, attributes: Sequence[str] | None, names: AttributeNames) -> None:
        self._names = names
        self._paths: tuple[Path, ...] | None = None
        self._hidden: dict[str, Any] = {}
        if attributes is not None:
            keys = ((name,) for name in names.key.names)
            self._paths = (*keys, *map(path_of, attributes))
            self._hidden = self._fields_to_hide()

    def item(self, item: Item | None) -> Item | None:
        """What of an item leaves the house; for `Sink.check`, too."""
        if item is None or self._paths is None:
            return item
        shown: dict[str, Any] = {}
        for path in self._paths:
            value = value_at(item, path)
            if value is not None:
                shown = with_value(shown, path, value)
        return shown

    def event(self, event: ChangeEvent) -> ChangeEvent:
        """What of an event leaves the house; its id, kind, key and times are the same."""
        if self._paths is None:
            return event
        return replace(
            event,
            before=self.item(event.before),
            after=self.item(event.after),
            changed=tuple(filter(self._names_shown, event.changed)),
            **self._hidden,
        )

    def _fields_to_hide(self) -> dict[str, Any]:
        """The event's fields whose attribute stays here, each None."""
        names = self._names
        fields = {
            "product_name": names.name,
            "stock_before": names.stock,
            "stock_after": names.stock,
            "category": names.category,
            "unit": names.unit,
        }
        hidden = [
            field
            for field, attribute in fields.items()
            if attribute is None or not self._leaves(path_of(attribute))
        ]
        if not self._leaves((names.metadata,)):
            hidden += _OF_METADATA
        return dict.fromkeys(hidden)

    def _leaves(self, path: Path) -> bool:
        """Whether all of the value at the path leaves."""
        return self._paths is None or any(path[: len(own)] == own for own in self._paths)

    def _names_shown(self, changed: str) -> bool:
        """Whether the change of an attribute, by its name in events, may be in what leaves."""
        path = path_of(changed) if changed in self._names.inside_maps else (changed,)
        return any(path[: len(own)] == own or own[: len(path)] == path for own in self._paths or ())


def shaped(
    sink: Sink,
    settings_filter: str | None,
    projection: Sequence[str] | None,
    deployment: Deployment,
) -> Sink:
    """The sink with a filter pattern and a projection from the settings, each None for all.

    The pattern is matched against the whole event, so it may name attributes that do not leave. The
    sink's own `wants` has to hold as well. `check` and `clock` are the sink's own: they apply the
    `Projection` themselves.

    Raises:
        FilterError: the filter is no pattern.
        ValueError: an attribute's name is no path.

    """
    if settings_filter is not None:
        pattern = parse_filter(settings_filter)
        matches = wants(pattern, deployment.tables.products, deployment.names.key)
        sink = replace(sink, wants=partial(_both, sink.wants, matches))
    if projection is not None:
        shown = Projection(projection, deployment.names).event
        sink = replace(sink, deliver=partial(_deliver, sink.deliver, shown))
    return sink


def _both(
    one: Callable[[ChangeEvent], bool], other: Callable[[ChangeEvent], bool], event: ChangeEvent
) -> bool:
    return one(event) and other(event)


def _deliver(
    deliver: Deliver, shown: Callable[[ChangeEvent], ChangeEvent], events: Sequence[ChangeEvent]
) -> Sequence[Rejected]:
    return deliver([shown(event) for event in events])  # rejected events are found by their ids
