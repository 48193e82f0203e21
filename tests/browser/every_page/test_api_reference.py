"""The API reference is accessible and fits its window; tests/faults/pages checks all of it."""

import json
import re
from typing import Any

from playwright.sync_api import Page, Route

from tests.browser.accessibility import check_page
from tests.support.processes.running import App

_SCHEMA = re.compile(r"#/components/schemas/(\w+)")


def shorten(route: Route) -> None:
    """Answer with one operation of each method: Swagger UI draws the others in the same way."""
    contract = route.fetch().json()
    paths: dict[str, dict[str, Any]] = {}
    for path, operations in contract["paths"].items():
        seen = {method for others in paths.values() for method in others}
        if new := {name: one for name, one in operations.items() if name not in seen}:
            paths[path] = new
    schemas = contract["components"]["schemas"]
    needed: dict[str, Any] = {}
    found = set(_SCHEMA.findall(json.dumps(paths)))
    while found:
        needed |= {name: schemas[name] for name in found}
        found = set(_SCHEMA.findall(json.dumps(needed))) - needed.keys()
    short = {"paths": paths, "components": contract["components"] | {"schemas": needed}}
    route.fulfill(json=contract | short)


def test_api_reference_is_accessible_and_fits(shared: App, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.route("**/v1/openapi.json", shorten)
    page.goto(f"{shared.url}/docs")
    page.locator(".opblock").last.wait_for()
    check_page(page, "/docs")
