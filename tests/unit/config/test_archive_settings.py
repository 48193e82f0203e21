"""Where the archive is, as the settings and `stockpulse restore --from` check it."""

import pytest

from app.config.sinks.archive_settings import archive_place


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("s3://my-bucket", "s3://my-bucket"),
        ("s3://my-bucket/a/b/", "s3://my-bucket/a/b"),
        ("/srv/archive/", "/srv/archive"),
        ("file:///srv/archive", "file:///srv/archive"),
    ],
)
def test_a_bucket_or_a_directory(given: str, place: str) -> None:
    assert archive_place(given) == place


@pytest.mark.parametrize(
    "given",
    ["", "archive", "./archive", "/", "file://archive", "s3://", "s3://B", "https://b.s3.aws/x"],
)
def test_anything_else_says_what_is_valid(given: str) -> None:
    with pytest.raises(ValueError, match=r"must be s3://bucket, .* or the absolute path"):
        archive_place(given)
