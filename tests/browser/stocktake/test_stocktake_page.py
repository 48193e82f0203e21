"""People scan, commit and undo a list: by keyboard, without JavaScript, with a lost network."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from app.web.pages.stocktake import commit_forms
from tests.browser.stocktake.barcode_video import write_video
from tests.support.processes.running import App

_NUMBERS = count(1)
EAN, FILMED = "4006381333931", "9780201379624"


@pytest.fixture(scope="module")
def app(filled: App) -> App:
    """One application for all tests; each test has products of its own."""
    return filled


@pytest.fixture
def kettle() -> str:
    """The beginning of the ids of a test's products."""
    return f"K{next(_NUMBERS)}-"


def stock(app: App, product_id: str) -> int:
    return int(app.http.get(f"/v1/products/{product_id}").json()["stock"])


def scan(page: Page, *codes: str) -> None:
    for code in codes:
        page.keyboard.type(code)
        page.keyboard.press("Enter")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_count_is_committed_and_undone(
    app: App, browser: Browser, kettle: str, *, script: bool
) -> None:
    for number in (1, 2):
        app.create(f"{kettle}{number}", 12, name=f"Kettle {kettle}{number}", price="2.50")
    with browser.new_context(java_script_enabled=script) as context:
        page = context.new_page()
        page.goto(f"{app.url}/stock-take")
        page.get_by_label("Name", exact=True).fill(f"Aisle {kettle}")
        for code in (f"10*{kettle}1", f"12*{kettle}2"):
            page.locator("#code").fill(code)
            page.keyboard.press("Enter")
            expect(page.locator("table.lines tbody tr").first).to_contain_text(code.split("*")[1])
        row = page.locator(f"tr[data-product='{kettle}1']")
        expect(row).to_contain_text("−2")
        expect(row).to_contain_text("−5.00")
        page.get_by_label(f"Counted: Kettle {kettle}1").fill("9")
        page.keyboard.press("Enter")
        expect(row).to_contain_text("−3")
        page.get_by_role("button", name="Commit").click()
        expect(page.get_by_text("Committed by")).to_be_visible()
        assert [stock(app, f"{kettle}{n}") for n in (1, 2)] == [9, 12]
        expect(page.locator(f"tr[data-product='{kettle}2']")).to_contain_text("as booked")
        page.get_by_role("button", name="Undo all").click()
        expect(page.get_by_text("Committed and undone by")).to_be_visible()
        assert [stock(app, f"{kettle}{n}") for n in (1, 2)] == [12, 12]


def test_keyboard_alone_counts_a_shelf(app: App, page: Page, kettle: str) -> None:
    app.create(f"{kettle}1", 3, barcode=EAN)
    page.goto(f"{app.url}/stock-take")
    expect(page.locator("#code")).to_be_focused()
    scan(page, EAN, EAN, f"{kettle}none")
    expect(page.get_by_role("heading", name="No product has the code")).to_be_visible()
    scan(page, f"Cup {kettle}")  # the focus is in the name of the new product
    row = page.locator(f"tr[data-product='{kettle}none']")
    expect(row).to_have_attribute("data-amount", "1")
    expect(page.locator("#code")).to_be_focused()
    scan(page, "=5")
    expect(row).to_have_attribute("data-amount", "5")
    page.get_by_role("button", name="Commit").focus()
    scan(page, EAN)  # a scanner types wherever the focus is
    expect(page.locator(f"tr[data-product='{kettle}1']")).to_have_attribute("data-amount", "3")
    page.get_by_role("button", name="Commit").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Committed by")).to_be_visible()
    assert [stock(app, f"{kettle}{n}") for n in (1, "none")] == [3, 5]


def test_line_shows_what_moved_since(app: App, page: Page, kettle: str) -> None:
    app.create(f"{kettle}1", 9)
    page.goto(f"{app.url}/stock-take")
    scan(page, f"9*{kettle}1")
    moved = page.locator(f"tr[data-product='{kettle}1'] [data-part=moved]")
    expect(moved).to_be_empty()
    app.adjust(f"{kettle}1", -2)
    expect(moved).to_have_text("−2")


def test_scans_without_network_are_sent_once_when_it_is_back(
    app: App, context: BrowserContext, page: Page, kettle: str
) -> None:
    app.create(f"{kettle}1", 9)
    page.goto(f"{app.url}/stock-take")
    scan(page, f"{kettle}1")
    row = page.locator(f"tr[data-product='{kettle}1']")
    expect(row).to_have_attribute("data-amount", "1")
    address = page.url

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/stock-take/scan", lose_the_answer, times=1)
    scan(page, f"{kettle}1")
    expect(page.get_by_text("wait for the network")).to_be_visible()
    context.set_offline(offline=True)
    scan(page, f"{kettle}1", f"{kettle}1")
    page.close()
    context.set_offline(offline=False)
    again = context.new_page()
    again.goto(address)
    again.keyboard.press("Escape")
    expect(again.locator(f"tr[data-product='{kettle}1']")).to_have_attribute("data-amount", "4")
    expect(again.get_by_text("wait for the network")).to_be_hidden()


def test_refused_scan_is_told_although_others_behind_it_are_added(
    app: App, context: BrowserContext, page: Page, kettle: str
) -> None:
    app.create(f"{kettle}1", 9)
    page.goto(f"{app.url}/stock-take")
    context.set_offline(offline=True)
    scan(page, f"0.5*{kettle}1", f"{kettle}1", f"{kettle}1")
    expect(page.get_by_text("3 scans wait for the network")).to_be_visible()
    context.set_offline(offline=False)
    expect(page.locator("table.lines tbody tr")).to_have_attribute("data-amount", "2")
    expect(page.locator("#refused p")).to_have_text(re.compile(f"{kettle}1: .*must be whole"))


def test_scans_for_a_list_that_somebody_commits_go_to_a_new_one(
    app: App, context: BrowserContext, page: Page, kettle: str
) -> None:
    app.create(f"{kettle}1", 9)
    page.goto(f"{app.url}/stock-take?mode=receive")
    scan(page, f"{kettle}1")
    expect(page.locator("table.lines tbody tr")).to_have_count(1)
    other = context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Commit").click()
    expect(other.get_by_text("Committed by")).to_be_visible()
    scan(page, f"2*{kettle}1")
    page.get_by_role("button", name="Add them to a new list").click()
    expect(page.locator("table.lines tbody tr")).to_have_attribute("data-amount", "2")
    page.get_by_role("button", name="Commit").click()
    expect(page.get_by_text("Committed by")).to_be_visible()
    assert stock(app, f"{kettle}1") == 12


def test_commit_goes_on_after_the_network_was_lost_in_the_middle(
    app: App, page: Page, kettle: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_forms, "PORTION", 2)
    for number in range(5):
        app.create(f"{kettle}{number}", 10)
    page.goto(f"{app.url}/stock-take?mode=sell")
    scan(page, *(f"3*{kettle}{number}" for number in range(5)))
    expect(page.locator("table.lines tbody tr")).to_have_count(5)
    requests = count()

    def lose_some(route: Route) -> None:
        number = next(requests)
        if number == 1:
            route.fetch()  # it is applied, and its answer is lost
        if number in {1, 2}:
            route.abort()
        else:
            route.continue_()

    page.route("**/stock-take/commit", lose_some)
    page.get_by_role("button", name="Commit").click()
    expect(page.get_by_text("Committed by")).to_be_visible()
    assert [stock(app, f"{kettle}{number}") for number in range(5)] == [7] * 5


def test_keypad_of_a_phone_sets_the_last_line(app: App, browser: Browser, kettle: str) -> None:
    app.create(f"{kettle}1", 9, name="Kettle")
    size = {"width": 390, "height": 844}
    with browser.new_context(viewport=size, has_touch=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{app.url}/stock-take")
        scan(page, f"{kettle}1")
        keypad = page.get_by_label("Quantity of the last line")
        for key in ("1", "2"):
            keypad.get_by_role("button", name=key, exact=True).tap()
        row = page.locator(f"tr[data-product='{kettle}1']")
        expect(row).to_have_attribute("data-amount", "12")
        expect(page.get_by_role("button", name="Commit")).to_be_in_viewport()


@pytest.fixture
def filming(chromium: str, browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A tab of a browser whose camera sees a barcode."""
    video = tmp_path / "barcode.y4m"
    write_video(video, FILMED)
    arguments = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={video}",
    ]
    other = browser.browser_type.launch(executable_path=chromium, args=arguments)
    yield other.new_page()
    other.close()


def test_camera_reads_a_barcode(app: App, filming: Page, kettle: str) -> None:
    app.create(f"{kettle}1", 9, barcode=FILMED)
    errors: list[str] = []
    filming.on("pageerror", lambda error: errors.append(str(error)))
    filming.on("console", lambda line: errors.append(line.text) if "Security" in line.text else 0)
    filming.goto(f"{app.url}/stock-take")
    decoder = filming.locator("script[src*=zxing]")
    expect(decoder).to_have_count(0)
    filming.get_by_role("button", name="Camera").click()
    expect(filming.get_by_text(f"Read {FILMED}")).to_be_visible()
    row = filming.locator(f"tr[data-product='{kettle}1']")
    expect(row).to_have_attribute("data-amount", "1")
    filming.get_by_role("button", name="Close the camera").click()
    expect(filming.locator("video")).to_be_hidden()
    assert errors == []
