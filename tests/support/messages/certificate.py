"""A certificate that only its owner trusts."""

import subprocess
from pathlib import Path


def self_signed(folder: Path) -> Path:
    """A certificate for localhost with its key in one file; beside it, `.crt` has no key."""
    file = folder / "both.pem"
    options = "-nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    key = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    places = ["-keyout", str(file), "-out", str(file.with_suffix(".crt"))]
    command = ["openssl", "req", *key.split(), *options.split(), *places]
    subprocess.run(command, check=True, capture_output=True)
    file.write_text(file.read_text() + file.with_suffix(".crt").read_text())
    return file
