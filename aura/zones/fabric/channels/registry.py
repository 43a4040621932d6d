"""The built-in channels by name, and channels from tables of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from aura.core.errors import AuraError, ParameterError, nearest
from aura.core.params import mistakes
from aura.zones.fabric.channels.calcium import CALCIUM
from aura.zones.fabric.channels.calcium_potassium import CALCIUM_POTASSIUM
from aura.zones.fabric.channels.declaration import Channel
from aura.zones.fabric.channels.leak import LEAK
from aura.zones.fabric.channels.nmda import NMDA
from aura.zones.fabric.channels.potassium import POTASSIUM
from aura.zones.fabric.channels.sodium import SODIUM

__all__ = ["CHANNELS", "channel_from_table", "find_channel", "gathered", "read_channel"]

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
    """Return the channel that a table declares, as a scenario has it; the name need not stand in the table.

    Where the channel lies (``density``) may stand there too, and is no part of the channel.

    Raises
    ------
    ParameterError
        If there is a mistake, with its path below `where`; if there are several, one error names them all.

    Warns
    -----
    ChannelWarning
        If it is taken though it is not quite right.

    Examples
    --------
    >>> table = {"ion": "k", "conductance": "10 mS/cm2", "reversal": "-90 mV", "temperature": "36 degC",
    ...          "density": {"soma": "10 mS/cm2"},
    ...          "gates": [{"name": "n", "power": 2, "steady": "sigmoid(v + 20, 9)", "tau": 2.5}]}
    >>> channel = channel_from_table("delayed", table, "fabric.channels.delayed")
    >>> float(channel.steady_state("n", -20.0, 1e-4)), str(channel.conductance)
    (0.5, '0.01 S/cm2')
    """
    channel = read_channel(name, table, where)
    channel.warn(stacklevel=2)
    return channel


def read_channel(name: str, table: Mapping[str, Any] | Channel, where: str) -> Channel:
    """Return what `channel_from_table` does, without a warning."""
    if isinstance(table, Channel):
        return table
    if not isinstance(table, Mapping):
        raise ParameterError(where, expected="a table of keys and values", got=type(table).__name__)
    try:
        return Channel.model_validate({"name": name, **{key: table[key] for key in table if key != "density"}})
    except ValidationError as failed:
        raise gathered(mistakes(Channel, failed, where, ParameterError), where, "a channel") from None


def gathered(errors: Sequence[AuraError], where: str, whole: str) -> AuraError:
    """Return the one error there is, or one that names all; `whole` is what should have been without mistakes."""
    if len(errors) == 1:
        return errors[0]
    return ParameterError(where, expected=f"{whole} without mistakes", got=f"{len(errors)}: " + "; ".join(
        f"{error}".rstrip(".") for error in errors))
