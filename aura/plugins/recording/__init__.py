"""Recordings and journals: MCAP files that existing viewers open."""

from __future__ import annotations

from aura.plugins.recording.compare import digest, first_difference
from aura.plugins.recording.journal import JournalReader, JournalWriter
from aura.plugins.recording.reader import Recording
from aura.plugins.recording.recorder import Recorder

__all__ = ["JournalReader", "JournalWriter", "Recorder", "Recording", "digest", "first_difference"]
