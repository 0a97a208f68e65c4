"""A program that is killed: writes call after call, as fast as a busy proxy, and says when two seconds are over.

Arguments: the journal's path.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

from chaosproxy.core.bus import Bus
from chaosproxy.core.clock import SystemClock
from chaosproxy.telemetry.journal import Journal
from chaosproxy.telemetry.run import Run
from tests.telemetry.happenings import OK, answered


def main(path: Path) -> None:
    bus = Bus()
    journal = Journal(path, Run("monday", "abc123", 7), SystemClock())
    journal.attach(bus)
    journal.start("test")
    pause = Event()
    began = time.monotonic()
    said = False
    number = 0
    while True:
        for _ in range(50):
            number += 1
            bus.publish(answered(number, answer=replace(OK, ended=time.monotonic())))
        if not said and time.monotonic() - began > 2:
            said = True
            sys.stdout.write("kill me\n")
            sys.stdout.flush()
        pause.wait(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
