"""The layout check of `make lint` reports each kind of broken rule."""

from scripts.layout import problems

POLICIES: dict[str, str | None] = {
    "app/__init__.py": "The application.",
    "app/store/__init__.py": "All that speaks DynamoDB.",
}
GOOD = ["app/__init__.py", "app/cli.py", "app/store/__init__.py", "app/store/feed.py"]


def test_valid_layout_has_no_problems() -> None:
    assert list(problems(GOOD, POLICIES)) == []


def test_folder_of_fourteen_files_is_reported() -> None:
    files = [f"tests/unit/test_{letter}.py" for letter in "abcdefghijklmn"]
    assert list(problems(files[:13], POLICIES)) == []
    (line,) = problems(files, POLICIES)
    assert line.startswith("tests/unit: 14 files")


def test_folder_without_a_policy_is_reported() -> None:
    (line,) = problems([*GOOD, "worker/sinks/webhook.py"], POLICIES)
    assert line.startswith("worker/sinks: __init__.py")
    (line,) = problems(GOOD, POLICIES | {"app/store/__init__.py": None})
    assert line.startswith("app/store: __init__.py")


def test_file_directly_in_app_is_reported() -> None:
    (line,) = problems([*GOOD, "app/settings.py"], POLICIES)
    assert line == "app/settings.py: belongs in a folder of app/"


def test_file_names_that_differ_by_a_plural_are_reported() -> None:
    policies = POLICIES | {"app/store/audit/__init__.py": "Append-only."}
    (line,) = problems([*GOOD, "app/store/audit/feeds.py"], policies)
    assert line.startswith("app/store/audit/feeds.py and app/store/feed.py")
