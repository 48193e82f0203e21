"""An invalid filter is refused when it is parsed, never when an event arrives."""


class FilterError(ValueError):
    """The filter is invalid. The message is one sentence that names the field."""

    def __init__(self, path: tuple[str, ...], reason: str) -> None:
        super().__init__(f"{'.'.join(path)}: {reason}" if path else reason)
