"""A reader in one plugin file: lines of a log, played as a stream."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import BaseModel, Field

from aura import InputPath, hookimpl
from aura.plugins.streams import ReaderKind

LINE = re.compile(r"(?P<level>[A-Z]+) (?P<text>.*)")


class LogOptions(BaseModel):
    """What a scenario may tell the reader."""

    path: InputPath = Field(description="The log, relative to the scenario.")


def read_log(options, base):
    """Give the rows; any iterable of dicts will do. For millions of them derive from `aura.plugins.streams.Reader`."""
    for line in Path(options.path).read_text(encoding="utf-8").splitlines():
        if found := LINE.fullmatch(line):
            yield {"text": found["text"], "level": (found["level"],)}


@hookimpl
def aura_streams():
    return [ReaderKind("log", "Lines of a log, with their level as label.", LogOptions, read_log)]


SCENARIO = f"""
aura = 1
name = "log"
plugins = ["{__file__}"]
pathways = ["log.text -> sensory.text", "sensory.embedding -> amygdala.embedding",
            "log.level -> amygdala.emotion_teacher"]

[streams.log]
kind = "log"
path = "boot.log"

[zones.sensory]
[zones.amygdala]
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "boot.log").write_text("INFO all is well\nERROR disk is full\n--\nINFO all is well again\n")
        Path(folder, "log.toml").write_text(SCENARIO)
        run = [sys.executable, "-m", "aura", "run", f"{folder}/log.toml", "--out", f"{folder}/run", "--quiet"]
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL)

        from aura.plugins.recording import Recording

        for message in Recording(Path(folder, "run", "recording")).messages("log.level"):
            print(message.value)
