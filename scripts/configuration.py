"""Writes docs/operate/configuration.md from the settings class; a test holds the file to it."""

from pathlib import Path

from app.config.settings import PREFIX, documented

TARGET = Path(__file__).resolve().parents[1] / "docs" / "operate" / "configuration.md"


def document() -> str:
    """The whole file."""
    lines = [
        "# Configuration",
        "",
        "Environment variables, or lines of a file `.env` in the folder that Stockpulse is",
        "started in. An unknown or contradictory setting stops the start with a message that",
        "names it. (Made by `scripts/configuration.py` from `app/config/settings.py`.)",
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
