"""A shop manager imports a file with and without JavaScript: preview, columns, import, undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.processes.running import App


@pytest.fixture(scope="module", params=["with script", "without script"])
def tab(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param == "with script")
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def upload(app: App, tab: Page, file: Path) -> None:
    tab.goto(f"{app.url}/products")
    tab.get_by_role("link", name="Import", exact=True).click()
    tab.get_by_label("File with products").set_input_files(file)
    tab.get_by_role("button", name="Upload and preview").click()


def test_a_file_is_previewed_imported_and_undone(shared: App, tab: Page, tmp_path: Path) -> None:
    number = len(shared.services.imports.all())
    old, new = f"I{number}", f"J{number}"
    shared.create(old, stock=5, name="Teapot", price="10")
    name = f"prices {number} of <b>.csv"
    file = tmp_path / name
    file.write_text(
        f"Code {number};Title;Worth {number}\n{old};Teapot;12,50\n{new};Cup;3\n{new}x;;1\n"
    )
    upload(shared, tab, file)
    expect(tab.get_by_role("heading", level=1)).to_have_text(name)
    expect(tab.get_by_role("status").filter(has_text="Choose the column")).to_be_visible()

    tab.get_by_label(f"Code {number}").select_option("product_id")
    tab.get_by_label(f"Worth {number}").select_option("price")
    tab.get_by_role("button", name="Preview again").click()
    rows = tab.locator("#rows li")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Change")
    expect(rows.nth(0)).to_contain_text("Price 10 → 12.5")
    expect(rows.nth(1)).to_contain_text("New")
    expect(rows.nth(2)).to_contain_text("Name: is missing")
    tab.get_by_role("link", name="Refused 1").click()
    expect(tab.locator("#rows li")).to_have_count(1)

    tab.get_by_role("button", name="Import 2 rows").click()
    expect(tab.get_by_text("2 rows imported.")).to_be_visible()
    assert shared.http.get(f"/v1/products/{old}").json()["price"] == "12.5"
    tab.get_by_role("button", name="Undo the import").click()
    expect(tab.get_by_text("2 rows undone.")).to_be_visible()
    assert shared.http.get(f"/v1/products/{old}").json()["price"] == "10"
    assert shared.http.get(f"/v1/products/{new}").status_code == 410

    upload(shared, tab, file)  # the columns are remembered
    expect(tab.get_by_role("button", name="Import 2 rows")).to_be_visible()
    tab.get_by_role("button", name="Discard").click()
    expect(tab.get_by_role("link", name=name)).to_have_count(1)


def test_a_file_that_is_too_large_or_no_table_gets_a_clear_answer(
    shared: App, tab: Page, tmp_path: Path
) -> None:
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * (30 << 20))
    upload(shared, tab, large)
    expect(tab.get_by_text("an import takes 20 MB")).to_be_visible()
    wrong = tmp_path / "wrong.xls"
    wrong.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"x")
    upload(shared, tab, wrong)
    expect(tab.get_by_text("This is an old spreadsheet")).to_be_visible()
    expect(tab.get_by_text("Nothing was changed.")).to_be_visible()


def test_progress_is_followed_to_its_end(shared: App, tab: Page, tmp_path: Path) -> None:
    number = len(shared.services.imports.all())
    file = tmp_path / "many.csv"
    file.write_text("sku,name\n" + "".join(f"M{number}-{n},Many\n" for n in range(300)))
    upload(shared, tab, file)
    tab.get_by_role("button", name="Import 300 rows").click()
    expect(tab.get_by_text("300 rows imported.")).to_be_visible(timeout=90_000)
