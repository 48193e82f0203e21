"""An archive in a bucket of S3, or of a service that speaks its API and honours `If-None-Match`."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.store.dynamodb.aws_session import AWSNotSetUp, session_for
from app.store.dynamodb.client import error_code
from worker.consumers.sink import Unavailable

PART = 64 * 1024 * 1024  # bytes; a larger file is uploaded in parts of this size
_AHEAD = 1024 * 1024  # bytes that are read at once

_CREDENTIALS = {
    "AccessDenied",
    "403",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_GONE = {"NoSuchKey"}
_TAKEN = {"412", "PreconditionFailed"}


class Bucket:
    """A prefix of a bucket as a `Place`; `endpoint` is None on AWS."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None, part: int = PART) -> None:
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._endpoint = endpoint
        self._part = part
        self._made: Any = None

    def spool(self) -> Path:
        """As in `Place`."""
        with tempfile.NamedTemporaryFile(prefix="stockpulse-archive-", delete=False) as file:
            return Path(file.name)

    def put(self, name: str, spool: Path) -> bool:
        """As in `Place`. After a lost answer the own file is there, and the result is False."""
        key = {"Bucket": self._bucket, "Key": self._prefix + name}
        with self._explained():
            try:
                with spool.open("rb") as file:
                    if spool.stat().st_size <= self._part:
                        self._client.put_object(**key, Body=file, IfNoneMatch="*")
                    else:
                        self._put_parts(key, file)
            except ClientError as error:
                if error_code(error) in _TAKEN:
                    return False
                raise
        return True

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO | None]:
        """As in `Place`; what is read later raises OSError if the service does not answer."""
        key = {"Bucket": self._bucket, "Key": self._prefix + name}
        with self._explained():
            try:
                answer = self._client.get_object(**key)
            except ClientError as error:
                if error_code(error) not in _GONE:
                    raise
                answer = None
            size = 0 if answer is None else answer["ContentLength"]
            small = None if answer is None or size > _AHEAD else answer["Body"].read()
        if answer is None:
            yield None
        elif small is not None:  # most files are: one request reads them
            yield io.BytesIO(small)
        else:
            answer["Body"].close()
            ranges = _Ranges(partial(self._client.get_object, **key), size)
            yield io.BufferedReader(ranges, _AHEAD)

    def names(self, folder: str = "") -> Iterator[str]:
        """As in `Place`."""
        prefix = f"{self._prefix}{folder}/" if folder else self._prefix
        request = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            with self._explained():
                page = self._client.list_objects_v2(**request)
            for one in page.get("Contents", []):
                name = one["Key"].removeprefix(self._prefix)
                if folder.startswith("_") or not name.startswith("_"):
                    yield name
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    @property
    def _client(self) -> Any:
        if self._made is None:
            config = Config(
                connect_timeout=3,
                read_timeout=8,  # of silence; a stop of the process waits for a call that hangs
                retries={"mode": "standard", "total_max_attempts": 2},
                s3={"addressing_style": "path"} if self._endpoint is not None else {},
            )
            session = session_for(self._endpoint).boto
            self._made = session.client("s3", endpoint_url=self._endpoint, config=config)
        return self._made

    def _put_parts(self, key: dict[str, str], file: BinaryIO) -> None:
        upload = {**key, "UploadId": self._client.create_multipart_upload(**key)["UploadId"]}
        parts: list[dict[str, Any]] = []
        try:
            while body := file.read(self._part):
                number = len(parts) + 1
                answer = self._client.upload_part(**upload, PartNumber=number, Body=body)
                parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with suppress(ClientError, BotoCoreError):  # its parts would be paid for
                self._client.abort_multipart_upload(**upload)
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise self._refused(error) from error
        except AWSNotSetUp as error:
            raise Unavailable(f"The archive {self.name} cannot be used: {error}.") from error
        except (BotoCoreError, OSError) as error:
            reason = str(error).rstrip(".")
            raise Unavailable(
                f"The archive {self.name} does not answer: {reason}. Nothing is lost meanwhile. "
                "Check STOCKPULSE_ARCHIVE_URL and STOCKPULSE_ARCHIVE_ENDPOINT."
            ) from error

    def _refused(self, error: ClientError) -> Unavailable:
        code = error_code(error)
        metadata: Any = error.response.get("ResponseMetadata", {})
        after = metadata.get("HTTPHeaders", {}).get("retry-after", "")
        seconds = float(after) if after.isdigit() else None
        if code in {"NoSuchBucket", "404"}:
            text = f"There is no bucket {self._bucket}. Create it, or set STOCKPULSE_ARCHIVE_URL."
        elif code in _CREDENTIALS:
            text = (
                f"The bucket {self._bucket} refuses the credentials ({code}). They need "
                "s3:GetObject, s3:PutObject and s3:ListBucket (docs/use/archive.md)."
            )
        else:
            reason = str(error.response.get("Error", {}).get("Message", ""))[:200].rstrip(".")
            text = f"The archive {self.name} answered {code}: {reason}. It is tried again."
        return Unavailable(text, retry_after=seconds)


class _Ranges(io.RawIOBase):
    """An object that is read in ranges."""

    def __init__(self, get: Any, size: int) -> None:
        self._get = get
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        last = min(self._at + len(buffer), self._size) - 1
        if last < self._at:
            return 0
        try:
            body = self._get(Range=f"bytes={self._at}-{last}")["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise OSError(f"the object cannot be read: {error}") from error
        buffer[: len(body)] = body
        self._at += len(body)
        return len(body)
