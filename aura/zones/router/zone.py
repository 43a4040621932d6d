"""The thalamus: relays streams to the zones that use them, and what these say back to those that made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aura.core.errors import StateError
from aura.core.signals import Inputs
from aura.core.time import Time
from aura.core.zone import Zone, ZoneContext
from aura.zones.common.heads import read_head, write_head
from aura.zones.router.centroids import Centroids
from aura.zones.router.params import RelayOptions, RouterParams
from aura.zones.router.plugin import MANIFEST
from aura.zones.router.relay import Relay

__all__ = ["Router"]


class Router(Zone[RouterParams]):
    """Relays streams, biases the gate by the distance to learned centroids, and carries gradients back.

    Notes
    -----
    `step` reads items, feedback and gradients, and keeps the items until their routing comes; `learn` alone moves the
    centroids. Relaying goes on whatever the energy.

    The gradient of an item is what came for it from all sources in one tick, added up, times the gain by which the
    item was relayed: the chain rule through the relay. What comes for it later is published when it comes.
    """

    manifest = MANIFEST
    lasting = ("_relays",)

    def __init__(self, context: ZoneContext[RouterParams]) -> None:
        super().__init__(context)
        self._relays = {name: Relay(context.name, name, options, self.rng, context.waits)
                        for name, options in self.params.relays.items()}

    # --- the tick -------------------------------------------------------------------------------------------------

    def step(self, now: Time, inputs: Inputs) -> dict[str, Any]:
        """Return the relayed items, the bias of each gate, and the gradients that came."""
        out: dict[str, Any] = {}
        for relay in self._relays.values():
            out.update(relay.step(now, inputs))
        return out

    def learn(self, now: Time, inputs: Inputs) -> dict[str, float]:
        """Move the centroids toward their items; return for each relay how many were learned, and what else came."""
        scalars: dict[str, float] = {}
        for relay in self._relays.values():
            scalars.update(relay.learn(now, inputs))
        return scalars

    def notices(self) -> dict[str, int]:
        """Return of how many items the routing came too late."""
        return {"found nothing that waited for the routing of {count} items: it came too late, or twice": sum(
                    relay.unmatched for relay in self._relays.values())}

    def warm_up(self) -> None:
        """Load or compile the loops ahead."""
        rows = np.zeros((2, 3), np.float32)
        frozen = rows.copy()
        frozen.setflags(write=False)
        for given in (rows, frozen):
            for kind in ("routing", "nearest"):
                scratch = Centroids(RelayOptions(centroids=kind), 3, np.random.default_rng(0))
                scratch.follow(given)
                if kind == "routing":
                    scratch.learn_routed(frozen, given, 1.0)
                else:
                    scratch.learn_nearest(given, 1.0)
                scratch.bias(given, 1.0, None)

    # --- export ---------------------------------------------------------------------------------------------------

    def export(self, folder: str | Path) -> list[Path]:
        """Write ``<zone>/gate_head.msgpack`` and return it; nothing before the first item of a relay."""
        heads = {name: relay.head() for name, relay in self._relays.items()}
        known = {name: head for name, head in heads.items() if head is not None}
        return [write_head(self._head_file(folder), {"relays": known})] if known else []

    def load_export(self, folder: str | Path) -> list[Path]:
        """Take over the centroids from ``<zone>/gate_head.msgpack``; learning goes on from them.

        Raises
        ------
        StateError
            If the file is missing or damaged, or does not fit.
        """
        path = self._head_file(folder)
        heads = read_head(path).get("relays")
        if not isinstance(heads, dict):
            raise StateError(str(path), expected="the relays of a router", got="another head")
        self._require_relays(str(path), list(heads), all_of_them=False)
        # All are read before any is taken over, so that a refusal leaves the zone as it was.
        found = {name: self._relays[name].check_head(head, path) for name, head in heads.items()}
        for name, (shape, centroids) in found.items():
            self._relays[name].adopt(shape, centroids)
        return [path]

    def _head_file(self, folder: str | Path) -> Path:
        return Path(folder) / self.context.name / "gate_head.msgpack"

    def _require_relays(self, where: str, names: list[str], *, all_of_them: bool = True) -> None:
        own = set(self._relays)
        if not set(names) <= own or (all_of_them and own != set(names)):
            raise StateError(where, expected=f"the relays {', '.join(sorted(own))}",
                             got=", ".join(sorted(names)) or "none")
