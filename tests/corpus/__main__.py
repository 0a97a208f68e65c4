"""`make calibrate`: how well retries and endings are told, and what was taken for what."""

import argparse
import json
import sys
from pathlib import Path

from tests.corpus.calibration import GENERATED, as_json, calibrate, table
from tests.corpus.page import page

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"


def main() -> None:
    """Print, or write the page."""
    words = argparse.ArgumentParser(prog="make calibrate", description=__doc__)
    words.add_argument("--json", action="store_true", help="figures, confusions and all misses, as JSON")
    words.add_argument(
        "--write", action="store_true", help="write docs/calibration.md (with the default seed and number)"
    )
    words.add_argument("--seed", type=int, default=0, help="of the random conversations (default 0)")
    words.add_argument("--generated", type=int, default=GENERATED, metavar="N", help=f"of them (default {GENERATED})")
    asked = words.parse_args()
    if asked.write:
        PAGE.write_text(page(calibrate()), encoding="utf-8")
        sys.stdout.write(f"{PAGE} is written\n")
        return
    made = calibrate(seed=asked.seed, much=asked.generated)
    sys.stdout.write((json.dumps(as_json(made), indent=1) if asked.json else table(made)) + "\n")


if __name__ == "__main__":
    main()
