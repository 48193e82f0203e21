"""Writes docs/operate/configuration.md from the settings class; a test compares the two."""

from pathlib import Path

from app.config.settings import PREFIX, documented

TARGET = Path(__file__).resolve().parents[1] / "docs" / "operate" / "configuration.md"


def document() -> str:
    """The whole file."""
    lines = [
        "# Configuration",
        "",
        "For admins: every setting of Stockpulse.",
        "",
        "A setting is an environment variable or a line of a file `.env` in the folder in which",
        "you start Stockpulse. If a setting is unknown or contradicts another, Stockpulse refuses to",
        "start and names it. (`scripts/configuration.py` makes this page from",
        "`app/config/settings.py`.)",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in documented():
        default = "" if field.default in (None, "", (), {}) else f"`{field.default}`"
        shown = default.lower() if isinstance(field.default, bool) else default
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document())
