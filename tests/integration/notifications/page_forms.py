"""The forms of the Notifications pages, as a browser without script sends them."""

import re
from html import unescape
from typing import Any

import httpx

from app.core.rules.rule import Rule
from tests.support.house import HTML
from tests.support.processes.running import App

TO_EVERYONE = {"channel_1": "browser", "address_1": "everyone"}


def post(app: App, path: str, **fields: str) -> httpx.Response:
    """Submit a form of the pages."""
    return app.http.post(f"/notifications{path}", data=fields, headers=HTML)


def page(app: App, path: str) -> str:
    """A page's text."""
    answer = app.http.get(path, headers=HTML, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.text)
    return unescape(answer.text)


def made(app: App, name: str, **fields: str) -> Rule:
    """A rule that the form has made."""
    answer = post(app, "/new", **{"name": name, "mode": "at_once", **TO_EVERYONE, **fields})
    assert answer.status_code == 303, answer.text
    return newest(app, name)


def newest(app: App, name: str) -> Rule:
    """The newest stored rule with this name."""
    return [one for one in app.services.store.rules.all() if one.name == name][-1]


def shown_fields(text: str) -> dict[str, str]:
    """What a form of a rule holds: its texts, and `yes` for each ticked box."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", text):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        is_chosen = given.get("type") not in {"checkbox", "radio"} or " checked" in tag
        if "name" in given and is_chosen:
            found[given["name"]] = given.get("value", "")
    found |= dict(
        re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>\n(.*?)</textarea>', text, re.DOTALL)
    )
    for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def errors(text: str) -> list[str]:
    """The messages at the fields."""
    return re.findall(r'class="error"[^>]*>([^<]*)<', text)


def row_of(text: str, name: str) -> str:
    """A rule's row in the list."""
    (row,) = [one for one in re.findall(r'<tr role="row".*?</tr>', text, re.DOTALL) if name in one]
    return row


def news(app: App) -> dict[str, Any]:
    """What the script of every page asks for."""
    answer = app.http.get("/notifications/inbox/news")
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, Any] = answer.json()
    return found
