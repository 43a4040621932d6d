"""Ion channels as declarations, from which the kernels of every backend are made."""

from aura.zones.fabric.channels.declaration import CalciumPool, Channel, ChannelWarning, Gate, Quantity
from aura.zones.fabric.channels.expression import Expression
from aura.zones.fabric.channels.registry import CHANNELS, channel_from_table, find_channel

__all__ = [
    "CHANNELS",
    "CalciumPool",
    "Channel",
    "ChannelWarning",
    "Expression",
    "Gate",
    "Quantity",
    "channel_from_table",
    "find_channel",
]
