"""Zones that do in a process of their own what goes wrong there; it loads this file and no test's framework."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from typing import Any

import numpy as np

from aura import Inputs, Manifest, Port, Zone
from aura.core.errors import ZoneError

MS = 1_000_000
WHAT = Port("what", "text", ("item",), required=False)
COUNT = Port("n", "int64")


class OwnError(ZoneError):
    """One of a zone's own."""


class Strange(Zone[Any]):
    """Counts its ticks, and does in them what it is told to."""

    manifest = Manifest("strange", "", inputs=(WHAT,), wake_on=("what",),
                        outputs=(COUNT, Port("y", "float32", ("long",), required=False)))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.n, self.weights, self.learned = 0, np.zeros(3), 0

    def step(self, now: int, inputs: Inputs) -> Any:
        self.n += 1
        getattr(self, inputs["what"][0])()
        published: dict[str, Any] = {"n": np.int64(self.n)}
        if inputs["what"][0] == "large":
            published["y"] = np.zeros(1 << 20, np.float32)
        return published

    def learn(self, now: int, inputs: Inputs) -> Any:
        return {"big": 2**70}

    def large(self) -> None:
        pass

    def count(self) -> None:
        pass

    def interrupt(self) -> None:
        time.sleep(0.2)
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(0.3)

    def hang(self) -> None:
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(600)

    def end_the_brain(self) -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)

    def fork(self) -> None:
        self.child = os.fork()
        if self.child == 0:
            time.sleep(60)
            os._exit(0)

    def spawn(self) -> None:
        subprocess.Popen(["sleep", "60"], close_fds=False)

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def log(self) -> None:
        logging.getLogger("strange").warning("a %d", "b")
        logging.getLogger("strange").warning("a %d", 3)

    def own_error(self) -> None:
        raise OwnError("here", expected="one", got="two")

    def odd_error(self) -> None:
        raise ZoneError("here", expected="one", got=print)  # type: ignore[arg-type]

    def key_error(self) -> None:
        raise KeyError("w")

    def pid(self) -> int:
        return os.getpid()

    def call(self, function: Any) -> Any:
        return function(2)

    def state(self) -> dict[str, Any]:
        return {"n": self.n}

    def load_state(self, state: dict[str, Any]) -> None:
        self.n = state["n"]


class Threaded(Strange):
    """Has a thread that does not end."""

    manifest = Manifest("threaded", "", inputs=(WHAT,), wake_on=("what",), outputs=(COUNT,))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        threading.Thread(target=time.sleep, args=(600,)).start()


class Alarmed(Zone[Any]):
    """Wakes when it was told to, and raises at the third tick where it is to."""

    manifest = Manifest("alarmed", "", outputs=(COUNT,))

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.n, self.at, self.asked = 0, 2 * MS, 0

    def step(self, now: int, inputs: Inputs) -> Any:
        self.n += 1
        return {"n": np.int64(self.n)}

    def next_wake(self, now: int) -> int | None:
        self.asked += 1
        if self.n == 3:
            raise ValueError("no more")
        return self.at if self.at > now else None


class Unbuilt(Zone[Any]):
    """Cannot be built."""

    manifest = Manifest("unbuilt", "", outputs=(COUNT,), period="1 ms")

    def __init__(self, context: Any) -> None:
        raise ValueError("no")


class Odd(Zone[Any]):
    """Does what it should not, when it is told to."""

    manifest = Manifest("odd", "", inputs=(Port("what", "text", ("item",), required=False),), wake_on=("what",),
                        outputs=(Port("pid", "int64"),))

    def step(self, now: int, inputs: Inputs) -> Any:
        what = inputs["what"][0]
        if what == "raise":
            raise LookupError("nothing there")
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "leave":
            os._exit(3)
        return {"pid": np.int64(os.getpid())}

    def double(self, number: int) -> int:
        return 2 * number

    def handle(self) -> Any:
        return open(os.devnull)

    def state(self) -> dict[str, Any]:
        return {"pid": os.getpid()}

    def load_state(self, state: dict[str, Any]) -> None:
        pass
