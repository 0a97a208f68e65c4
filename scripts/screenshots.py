"""Makes the pictures of the HTML report that the README shows, of a real run of an agent in `examples/`.

    python scripts/screenshots.py [FOLDER]

writes report.png (the top of the page) and timeline.png (one session) into FOLDER, by default docs/images. Needs the
development environment, in which LangGraph and Playwright are, and a `chromium` on PATH. The run and its times are
real, so that no two pictures are the same.
"""

import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1280, 890
SHARPNESS = 1.25
"""Pixels of a picture for each of the page: words can be read, and the files stay small."""
LARGEST = 200_000
"""Bytes of a picture."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IEND"})


def main() -> int:
    """Make them. The exit code: 0 if they were made, 1 if that is not possible here or one is too large."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    chromium = shutil.which("chromium")
    if chromium is None:
        print("screenshots: there is no chromium on PATH", file=sys.stderr)
        return 1
    with TemporaryDirectory() as made:
        status = _run(Path(made))
        if not (Path(made) / "report.html").exists():
            print(f"screenshots: the run made no report (exit status {status})", file=sys.stderr)
            return 1
        pictures = _pictures(Path(made) / "report.html", chromium)
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
        print(f"{folder / name}  {len(picture):,} bytes")
    return int(any(len(picture) > LARGEST for picture in pictures.values()))


def _run(folder: Path) -> int:
    """A LangGraph agent at the shop of the examples; its verdict is FAIL, and so is the exit status."""
    program = [sys.executable, "-m", "chaosproxy", "run", "examples/shop.yaml", "--report", str(folder)]
    agent = [sys.executable, "examples/langgraph_shop.py"]
    command = [sys.executable, "examples/stand.py", "--", *program, "--", *agent]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode


def _pictures(report: Path, chromium: str) -> dict[str, bytes]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHARPNESS, color_scheme="light"
        )
        page.goto(report.as_uri())
        top = page.screenshot()
        session = page.locator(".session[open]").first.screenshot()
        browser.close()
    return {"report.png": smaller(top), "timeline.png": smaller(session)}


def smaller(png: bytes) -> bytes:
    """The same picture, packed as well as deflate can: a browser packs quickly instead."""
    chunks = list(_chunks(png))
    packed = zlib.compress(zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT")), 9)
    kept = [(kind, data) for kind, data in chunks if kind in _KEPT]
    ordered = [*kept[:-1], (b"IDAT", packed), kept[-1]]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ordered
    )


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(_SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


if __name__ == "__main__":
    raise SystemExit(main())
