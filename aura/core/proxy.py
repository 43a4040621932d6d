"""What stands for a zone that lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ZoneProxy"]


class ZoneProxy:
    """What stands for a zone in another process: attributes are read and set there, methods called there.

    Parameters
    ----------
    name : str
        The zone's.
    request : function
        Asks its process: ``("get", name)``, ``("set", name, value)``, ``("call", name, arguments, named)``,
        ``("delete", name)``, ``("names",)``.
    """

    __slots__ = ("__name", "__request")  # whose mangled names no zone has

    __name: str
    __request: Callable[..., Any]

    def __init__(self, name: str, request: Callable[..., Any]) -> None:
        object.__setattr__(self, "_ZoneProxy__name", name)
        object.__setattr__(self, "_ZoneProxy__request", request)

    def __repr__(self) -> str:
        return f"<{self.__name!r} in another process>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        is_method, value = self.__request("get", name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False  # it is a copy, of which the zone would see nothing
        if not is_method:
            return value

        def call(*arguments: Any, **named: Any) -> Any:
            return self.__request("call", name, arguments, named)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self.__request("set", name, value)

    def __delattr__(self, name: str) -> None:
        self.__request("delete", name)

    def __dir__(self) -> list[str]:
        names: list[str] = self.__request("names")
        return names
