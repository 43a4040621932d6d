"""The built-in channels by name, and channels from tables of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aura.core.errors import ParameterError, nearest
from aura.core.params import validated
from aura.zones.fabric.channels.calcium import CALCIUM
from aura.zones.fabric.channels.calcium_potassium import CALCIUM_POTASSIUM
from aura.zones.fabric.channels.declaration import Channel
from aura.zones.fabric.channels.leak import LEAK
from aura.zones.fabric.channels.nmda import NMDA
from aura.zones.fabric.channels.potassium import POTASSIUM
from aura.zones.fabric.channels.sodium import SODIUM

__all__ = ["CHANNELS", "channel_from_table", "find_channel"]

CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {channel.name: channel for channel in (SODIUM, POTASSIUM, LEAK, CALCIUM, CALCIUM_POTASSIUM, NMDA)})
"""The built-in channels."""


def find_channel(name: str, where: str) -> Channel:
    """Return a built-in channel.

    Raises
    ------
    ParameterError
        If there is none of this name; `where` says who asked, and the hint names the nearest.
    """
    try:
        return CHANNELS[name]
    except (KeyError, TypeError):
        raise ParameterError(where, expected="the name of a channel", got=repr(name),
                             hint=nearest(str(name), CHANNELS)) from None


def channel_from_table(name: str, table: Mapping[str, Any] | Channel, where: str) -> Channel:
    """Return the channel that a table declares, as TOML gives it; the name need not stand in the table.

    Raises
    ------
    ParameterError
        For the first mistake, with its path below `where`.

    Examples
    --------
    >>> table = {"ion": "k", "conductance": "0.01 S/cm2", "reversal": "-90 mV", "temperature": "36 degC",
    ...          "gates": [{"name": "n", "power": 2, "steady": "sigmoid(v + 20, 9)", "tau": 2.5}]}
    >>> channel = channel_from_table("delayed", table, "fabric.channels.delayed")
    >>> float(channel.steady_state("n", -20.0, 1e-4))
    0.5
    """
    if isinstance(table, Mapping):
        table = {"name": name, **table}
    return validated(Channel, table, where, ParameterError)
