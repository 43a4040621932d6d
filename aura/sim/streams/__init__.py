"""Sensory streams as zones: they clock themselves and publish their rows as items."""

from aura.sim.streams.change import Change
from aura.sim.streams.conversations import Conversations
from aura.sim.streams.curriculum import Curriculum
from aura.sim.streams.live import LiveStream, live_stream
from aura.sim.streams.played import PlayedStream, played_stream
from aura.sim.streams.python import stream

__all__ = ["Change", "Conversations", "Curriculum", "LiveStream", "PlayedStream", "live_stream", "played_stream",
           "stream"]
