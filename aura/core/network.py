"""What a brain is made of: zones as they were asked for, and the pathways between them. Nothing here runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from aura.core.errors import WiringError
from aura.core.flow import Wait
from aura.core.joining import first_ids, joined_inputs, label_sources, sources_of
from aura.core.paths import Paths
from aura.core.pathway import Pathway, split_topic
from aura.core.plan import Plan, plan_zone
from aura.core.routes import arrivals, waits, waits_between
from aura.core.schedule import schedule_text
from aura.core.signals import FIRST_IDS
from aura.core.time import Time, parse_time
from aura.core.wiring import check_wiring, draw_graph
from aura.core.zone import Manifest, Zone, ZoneParams

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Network"]


class Network:
    """Zones and pathways, checked but not built: what a `Blueprint` and a `Brain` are."""

    def __init__(self, *, seed: int = 0, resolution: str | Time = "1 ms", paths: Paths | None = None) -> None:
        self.seed, self._paths = seed, paths
        self.resolution = parse_time(resolution, "brain.resolution")
        if self.resolution == 0:
            raise WiringError("brain.resolution", expected="a time above zero", got="0 s")
        self._plans: dict[str, Plan] = {}
        self._pathways: list[Pathway] = []
        self._sealed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._contents}>"

    def add(self, zone: Manifest | type[Zone[Any]], name: str | None = None, *,
            params: Mapping[str, Any] | ZoneParams | None = None, period: str | Time | None = None,
            wake_on: tuple[str, ...] | None = None, latency: str | Time | None = None, learn: bool = True,
            on_error: Literal["stop", "silence", "restart"] = "stop", **more: Any) -> str:
        """Add a zone and return its name; further keywords are its parameters.

        Parameters
        ----------
        zone : Manifest or subclass of Zone
            What to build.
        name : str, optional
            Its name in this brain, by default the manifest's.
        params : mapping or ZoneParams, optional
            Its parameters, validated here.
        period, wake_on, latency : optional
            Replace the manifest's.
        learn : bool
            Whether the zone learns at all.
        on_error : {"stop", "silence", "restart"}
            What becomes of the brain if the zone raises.
        """
        self._refuse_if_built("add a zone")
        if isinstance(zone, str):
            raise WiringError(f"add({zone!r})", expected="a manifest, or a subclass of Zone", got="a name",
                              hint=f"Try add(aura.zone({zone!r})), which looks it up among the installed plugins.")
        if not isinstance(zone, Manifest) and not (isinstance(zone, type) and issubclass(zone, Zone)
                                                   and isinstance(getattr(zone, "manifest", None), Manifest)):
            raise WiringError("add", expected="a manifest, or a subclass of Zone with a manifest", got=repr(zone))
        manifest = zone if isinstance(zone, Manifest) else zone.manifest
        factory = None if isinstance(zone, Manifest) else zone
        plan = plan_zone(manifest, factory, name or manifest.name, params, more, period, wake_on, latency, learn,
                         on_error, self._paths)
        if plan.name in self._plans:
            raise WiringError(plan.name, expected="a name that no zone has yet", got="a second zone of that name",
                              hint="Give add(..., name=...).")
        self._plans[plan.name] = plan
        return plan.name

    def connect(self, source: str, target: str, delay: str | Time | None = None) -> None:
        """Add a pathway from the output ``"zone.port"`` to the input ``"zone.port"``.

        Without a delay it takes one resolution; a pathway that carries labels then takes as long as the stimulus and
        one resolution more.
        """
        self._refuse_if_built("connect")
        where = f"{source} -> {target}"
        settled = None if delay is None else parse_time(delay, f"{where}: delay")
        self._pathways.append(Pathway(*split_topic(source, where), *split_topic(target, where), settled))

    def seal(self) -> None:
        """Check the wiring and settle the delays; from here on nothing can be added.

        Raises
        ------
        WiringError
            If the brain cannot be built.
        """
        self._pathways, self._sealed = self._checked(), True
        waiting, numbered = waits(self._plans, self._pathways), first_ids(self._plans, self._pathways)
        several = joined_inputs(self._plans, self._pathways)
        labelled = label_sources(self._plans, self._pathways, numbered)
        for name, plan in self._plans.items():
            wired = frozenset(path.target_port for path in self._pathways if path.target == name)
            joined = frozenset(port for zone, port in several if zone == name)
            self._plans[name] = replace(plan, waits=MappingProxyType(waiting.get(name, {})), wired=wired, joined=joined,
                                        sources=MappingProxyType(labelled.get(name, {})),
                                        first_id=numbered.get(name, 0))

    @property
    def topics(self) -> list[str]:
        """The topics of all outputs."""
        return [f"{plan.name}.{port}" for plan in self._plans.values() for port in plan.outputs]

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The zones as they were asked for, by name."""
        return MappingProxyType(self._plans)

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """The pathways, with every delay settled."""
        return tuple(self._pathways if self._sealed else self._checked())

    @property
    def graph(self) -> nx.MultiDiGraph:
        """The brain as a networkx graph: zones, pathways, delays. The zones are not built for it."""
        return draw_graph(self._plans, self.pathways)

    def wait_between(self, topics: Iterable[str]) -> Wait:
        """Return how many items the last of these topics to speak of an item is behind the first."""
        return waits_between(self._plans, self.pathways, {split_topic(topic, "wait_between")[0] for topic in topics})

    def sources_in_common(self, topics: Iterable[str]) -> frozenset[int] | None:
        """Return from which sources those items come that all of these topics speak of, as `source_of` numbers them.

        None where there is nothing to tell apart: all speak of the items of the same sources, or of none in common.
        """
        paths = self.pathways
        numbered = first_ids(self._plans, list(paths))
        each = [frozenset(sources_of(self._plans, paths, split_topic(topic, "sources_in_common")[0]))
                for topic in topics]
        common = frozenset.intersection(*each) if each else frozenset()
        if not common or not common <= numbered.keys() or all(found == common for found in each):
            return None
        return frozenset(numbered[source] // FIRST_IDS for source in common)

    def arrivals(self, source: str) -> dict[tuple[str, str], Time]:
        """Return for each zone and input how many nanoseconds after `source` published an item it hears of it."""
        return arrivals(self._plans, self.pathways, source)

    def schedule(self) -> str:
        """Return who wakes when, as a text. The zones are not built for it."""
        return schedule_text(list(self._plans.values()), self.pathways, self.resolution)

    @property
    def _contents(self) -> str:
        return f"{len(self._plans)} zones ({', '.join(self._plans)}), {len(self._pathways)} pathways, seed {self.seed}"

    def _copy_to(self, other: Network) -> None:
        """Let another begin with these zones and pathways."""
        other._paths, other._plans, other._pathways = self._paths, dict(self._plans), list(self._pathways)
        other._sealed = self._sealed

    def _checked(self) -> list[Pathway]:
        return check_wiring(self._plans, self._pathways, self.resolution)

    def _refuse_if_built(self, action: str) -> None:
        if self._sealed:
            raise WiringError("brain", expected="a brain that has not run yet", got=f"an attempt to {action}",
                              hint="Build the whole brain before its first tick.")
