"""During a simulation, the code's threads, clocks, queues and random names come from the hub."""

import inspect
import queue
import secrets
import sys
import threading
import time
from datetime import datetime, tzinfo
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from tests.support.simulation.hub import Hub
from tests.support.simulation.threads import (
    SimCondition,
    SimEvent,
    SimLock,
    SimPool,
    SimQueue,
    SimThread,
)


class Substitute:
    """A module with some of its names replaced."""

    def __init__(self, module: ModuleType, **changed: Any) -> None:
        self.__dict__.update(changed)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def substitutes(hub: Hub) -> dict[str, Substitute]:
    """The replaced modules, by name."""
    made, wall = iter(range(10**6)), partial(_wall, hub)
    return {
        "threading": Substitute(
            threading,
            Thread=partial(SimThread, hub),
            Event=partial(SimEvent, hub),
            Lock=partial(SimLock, hub),
            Condition=partial(SimCondition, hub),
            get_ident=lambda: id(hub.current),
        ),
        "time": Substitute(
            time,
            monotonic=lambda: hub.now,
            time=wall,
            time_ns=lambda: int(wall() * 1e9),
            sleep=lambda seconds: hub.wait(None, seconds),
        ),
        "queue": Substitute(queue, SimpleQueue=partial(SimQueue, hub)),
        "secrets": Substitute(secrets, token_hex=lambda n: f"{next(made):0{2 * n}x}"),
    }


def _wall(hub: Hub) -> float:
    skew = 0.0 if hub.current is None else hub.current.process.skew()
    return hub.start + hub.now + skew


def _moments(hub: Hub) -> type[datetime]:
    """`datetime` with the hub's `now`; every real datetime counts as an instance."""

    class AnyMoment(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Moment(datetime, metaclass=AnyMoment):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(_wall(hub), tz)

    return Moment


def substitute(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    """Replace the modules in all of Stockpulse's code, defaults of constructors included."""
    changed, moments = substitutes(hub), _moments(hub)
    instead: dict[Any, Any] = {
        getattr(module, name): getattr(changed[module.__name__], name)
        for module, names in (
            (time, ("monotonic", "time")),
            (threading, ("Event", "Lock", "Condition")),
        )
        for name in names
    }
    for name, module in list(sys.modules.items()):
        if not name.startswith(("app.core", "app.runtime", "app.store", "app.broker", "worker")):
            continue
        for known, changed_module in changed.items():
            if hasattr(module, known):
                patch.setattr(module, known, changed_module)
        if hasattr(module, "ThreadPoolExecutor"):
            patch.setattr(module, "ThreadPoolExecutor", partial(SimPool, hub))
        if getattr(module, "datetime", None) is datetime:
            patch.setattr(module, "datetime", moments)
        for owner in vars(module).values():
            if inspect.isclass(owner) and owner.__module__ == name:
                _change_defaults(owner.__init__, instead, patch)


def _change_defaults(function: Any, instead: dict[Any, Any], patch: pytest.MonkeyPatch) -> None:
    """Replace a constructor's default arguments and the factories of a dataclass's fields."""
    for kind in ("__defaults__", "__kwdefaults__"):
        given = getattr(function, kind, None) or ()
        if isinstance(given, tuple):
            changed: Any = tuple(_changed(value, instead) for value in given)
        else:
            changed = {name: _changed(value, instead) for name, value in given.items()}
        if changed != given:
            patch.setattr(function, kind, changed)
    for cell in getattr(function, "__closure__", None) or ():
        changed = _changed(cell.cell_contents, instead)
        if changed is not cell.cell_contents:
            patch.setattr(cell, "cell_contents", changed)


def _changed(value: Any, instead: dict[Any, Any]) -> Any:
    try:
        return instead.get(value, value)
    except TypeError:  # not hashable
        return value
