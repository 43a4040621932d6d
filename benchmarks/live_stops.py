"""What a live run loses when it is stopped and goes on: rows that were sent, and are in no tick of its journal.

    python benchmarks/live_stops.py [--runs 3] [--rows 3000] [--rate 2000]

A writer sends numbered rows to standard input, or over TCP, at a rate; the run is ended by a signal in the middle of
it, and `aura resume` is given what the writer still has, from the row on whose sending failed. Prints a table in
Markdown.
"""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from aura.core.errors import AuraError
from aura.plugins.recording import JournalReader

SCENARIO = """aura = 1
name = "stops"
[streams.ear]
kind = "jsonlines"
path = "{path}"
columns = {{ text = "text" }}
items = 16
[record]
enabled = false
"""


class Sender(threading.Thread):
    """Sends numbered rows to whatever takes them in turn."""

    def __init__(self, rows: int, rate: float) -> None:
        super().__init__(daemon=True)
        self.rows, self.rate, self.sent = rows, rate, 0
        self.server = socket.create_server(("127.0.0.1", 0))

    def send(self, write) -> None:
        """Send until all is sent or a write fails."""
        began, first = time.monotonic(), self.sent
        try:
            while self.sent < self.rows:
                write(b'{"text": "%d"}\n' % self.sent)
                self.sent += 1
                time.sleep(max(0.0, began + (self.sent - first) / self.rate - time.monotonic()))
        except OSError:
            pass

    def run(self) -> None:
        """Serve one connection after the other."""
        while self.sent < self.rows:
            connection, _ = self.server.accept()
            with connection:
                self.send(connection.sendall)


def aura(*arguments: object, **options: object) -> subprocess.Popen:
    """Start the command line."""
    return subprocess.Popen([sys.executable, "-m", "aura", *map(str, arguments), "--quiet"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, **options)


def heard(folder: Path) -> list[int]:
    """Return the rows in the run's journal."""
    try:
        return [int(row["text"]) for _, rows in JournalReader(folder / "journal").entries("ear") for row in rows]
    except AuraError:
        return []


def one(way: str, how: signal.Signals, rows: int, rate: float) -> tuple[int, int, int]:
    """Return how many rows were ahead of the ticks at the stop, how many are missing at last, and how many twice."""
    with tempfile.TemporaryDirectory() as place:
        folder, sender = Path(place) / "run", Sender(rows, rate)
        scenario = Path(place) / "stops.toml"
        scenario.write_text(SCENARIO.format(path="-" if way == "stdin" else
                                            f"tcp://127.0.0.1:{sender.server.getsockname()[1]}"), encoding="utf-8")
        piped = {"stdin": subprocess.PIPE, "bufsize": 0} if way == "stdin" else {}
        if way == "tcp":
            sender.start()
        with aura("run", scenario, "--out", folder, **piped) as run:
            if way == "stdin":
                threading.Thread(target=sender.send, args=(run.stdin.write,), daemon=True).start()
            while sender.sent < rows // 2 or len(heard(folder)) < 16:
                time.sleep(0.02)
            run.send_signal(how)
            run.wait()
        ahead = sender.sent - len(heard(folder))
        with aura("resume", folder, **piped) as run:
            if way == "stdin":
                sender.send(run.stdin.write)
                run.stdin.close()
            run.wait()
        got = heard(folder)
        sender.server.close()
        return ahead, rows - len(set(got)), len(got) - len(set(got))


def main() -> None:
    """Stop runs in every way."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--rows", type=int, default=3000)
    options.add_argument("--rate", type=float, default=2000)
    given = options.parse_args()
    print("| input | ended by | ahead of the ticks at the stop | missing | twice |\n|---|---|---|---|---|", flush=True)
    for way in ("stdin", "tcp"):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            found = [one(way, how, given.rows, given.rate) for _ in range(given.runs)]
            print(f"| {way} | {how.name} | " + " | ".join(", ".join(map(str, column)) for column in
                                                         zip(*found, strict=True)) + " |", flush=True)


if __name__ == "__main__":
    main()
