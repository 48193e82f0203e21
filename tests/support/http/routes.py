"""The routes of an application and the roles that they declare."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.core.roles import Role
from app.web.auth.permissions import RoleRequirement

Route = tuple[str, str]  # method and path template


def declared(app: FastAPI) -> Iterator[tuple[Route, list[Role | None]]]:
    """(Route, roles that its dependencies declare) for each route; no role is an empty list."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(route.methods or {"*"}):
            yield (
                (method, str(route.path)),
                [
                    dependency.dependency.role
                    for dependency in _dependencies(route)
                    if isinstance(dependency.dependency, RoleRequirement)
                ],
            )


def _dependencies(route: Any) -> list[Any]:
    try:
        return list(route.dependencies)
    except AttributeError:  # a mount
        return []
