"""Lines are buffered for a short time, and none is lost."""

import io
import logging
import time

from app.observability.logs import GatheringHandler


def a_logger(gather: float) -> tuple[logging.Logger, GatheringHandler, io.StringIO]:
    stream = io.StringIO()
    handler = GatheringHandler(stream, gather)
    logger = logging.getLogger("a test's own")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [handler]
    return logger, handler, stream


def test_lines_are_written_soon_and_in_order() -> None:
    logger, handler, stream = a_logger(0.01)
    logger.info("one")
    logger.info("two")
    deadline = time.monotonic() + 5
    while not stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.001)
    logger.info("three")
    handler.close()
    assert stream.getvalue() == "one\ntwo\nthree\n"


def test_warning_is_written_at_once_after_buffered_lines() -> None:
    logger, handler, stream = a_logger(60)
    logger.info("one")
    assert stream.getvalue() == ""
    logger.warning("two")
    assert stream.getvalue() == "one\ntwo\n"
    handler.close()


def test_buffered_lines_are_written_when_the_process_ends() -> None:
    logger, handler, stream = a_logger(60)
    logger.info("last")
    handler.flush()  # as `logging.shutdown` does
    assert stream.getvalue() == "last\n"
    handler.close()
