"""A brain as observers are handed it: it can be read, and neither set nor run."""

from __future__ import annotations

from typing import Any, cast

from aura.core.observer import BrainView

__all__ = ["view_of"]

_SEEN = sorted(name for name in vars(BrainView) if not name.startswith("_"))


class _View:
    """Passes on what `BrainView` names, and nothing else."""

    __slots__ = ("_brain",)

    def __init__(self, brain: BrainView) -> None:
        object.__setattr__(self, "_brain", brain)

    def __getattr__(self, name: str) -> Any:
        if name in _SEEN:
            return getattr(self._brain, name)
        raise AttributeError(f"brain.{name}: expected what an observer may ask of a brain: {', '.join(_SEEN)}, got "
                             f"{name!r}. Observers see what happens and cannot change it.", name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"brain.{name}: expected nothing to be set by an observer, got {value!r}. Observers see "
                             "what happens and cannot change it.", name=name, obj=self)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __dir__(self) -> list[str]:
        return _SEEN

    def __repr__(self) -> str:
        return f"<view of {self._brain!r}>"


def view_of(brain: BrainView) -> BrainView:
    """Return what an observer is handed of a brain."""
    return cast(BrainView, _View(brain))
