"""The browser of tests/browser, for trials that take longer than its tests."""

from tests.browser.conftest import browser, chromium, context

__all__ = ["browser", "chromium", "context"]
