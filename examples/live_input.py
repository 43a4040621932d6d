"""Live input: JSON lines from a pipe, here one that this program writes itself."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCENARIO = """
aura = 1
name = "live"
pathways = ["chat.text -> sensory.text", "sensory.embedding -> amygdala.embedding",
            "chat.mood -> amygdala.emotion_teacher"]

[streams.chat]
kind = "jsonlines"
columns = { text = "text", mood = { from = "mood", type = "tags" } }

[zones.sensory]
[zones.amygdala]
"""
LINES = '{"text": "I am glad to be here.", "mood": ["joy"]}\n{"text": "I am furious.", "mood": ["anger"]}\n'

with tempfile.TemporaryDirectory() as folder:
    scenario, run = Path(folder, "live.toml"), Path(folder, "run")
    scenario.write_text(SCENARIO, encoding="utf-8")
    aura = [sys.executable, "-m", "aura"]
    subprocess.run([*aura, "run", str(scenario), "--out", str(run), "--quiet"], input=LINES.encode(), check=True,
                   stdout=subprocess.DEVNULL)
    # Live input was journaled before it was used, so the run can be played again, bit for bit.
    again = subprocess.run([*aura, "replay", str(run), "--out", str(Path(folder, "again")), "--quiet"], check=True,
                           capture_output=True, text=True)
    print(sorted(os.listdir(run)))
    print("identical" if "identical" in again.stdout else again.stdout)
