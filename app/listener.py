"""The web server's socket is bound before anything is opened: a taken port stops the start."""

import socket


class ListenError(Exception):
    """The web server's address cannot be had; the message says what to do."""


def listener_at(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        ListenError: it cannot be had.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ListenError(
            f"cannot listen on {host}:{port} ({error.strerror}): "
            "end what uses it, or set STOCKPULSE_PORT"
        ) from None
    return listener
