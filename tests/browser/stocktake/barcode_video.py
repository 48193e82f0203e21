"""A video of an EAN-13 barcode, as Chromium's fake camera takes it (YUV4MPEG2)."""

from pathlib import Path

_LEFT = [
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
]
_PARITY = [
    "LLLLLL",
    "LLGLGG",
    "LLGGLG",
    "LLGGGL",
    "LGLLGG",
    "LGGLLG",
    "LGGGLL",
    "LGLGLG",
    "LGLGGL",
    "LGGLGL",
]
_WIDTH, _HEIGHT = 640, 480
_MODULE = 5  # pixels


def write_video(path: Path, code: str) -> None:
    """Write a video of one picture: the barcode in black on white."""
    bars = modules(code)
    margin = (_WIDTH - len(bars) * _MODULE) // 2
    quiet = b"\xeb" * margin
    line = quiet + b"".join((b"\x10" if bar == "1" else b"\xeb") * _MODULE for bar in bars)
    line = line.ljust(_WIDTH, b"\xeb")
    blank = b"\xeb" * _WIDTH
    picture = blank * 120 + line * (_HEIGHT - 240) + blank * 120
    grey = b"\x80" * (_WIDTH * _HEIGHT // 2)
    header = f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(header + (b"FRAME\n" + picture + grey) * 2)


def modules(code: str) -> str:
    """The bars (1) and spaces (0) of an EAN-13 code."""
    sides = _PARITY[int(code[0])]
    left = [_left(int(digit), side) for digit, side in zip(code[1:7], sides, strict=True)]
    right = [_inverted(_LEFT[int(digit)]) for digit in code[7:]]
    return "101" + "".join(left) + "01010" + "".join(right) + "101"


def _left(digit: int, side: str) -> str:
    return _LEFT[digit] if side == "L" else _inverted(_LEFT[digit])[::-1]


def _inverted(bars: str) -> str:
    return bars.translate(str.maketrans("01", "10"))
