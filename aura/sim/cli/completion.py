"""What a shell completes: scenarios, zones, kinds of stream and of metric by name, and files where these may stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["executor_names", "metric_names", "point_names", "scenario_names", "stream_names", "zone_names"]


def scenario_names(incomplete: str) -> list[str]:
    """Return the embedded scenarios and the scenario files that begin so."""
    from aura.sim.scenario import embedded_scenarios

    return [*_beginning(embedded_scenarios(), incomplete), *_paths(incomplete, ".toml")]


def _names(point: str, suffix: str | None = None) -> Callable[[str], list[str]]:
    """Return what completes the names that an extension point has, and the files of a suffix."""
    def names(incomplete: str) -> list[str]:
        from aura.plugins.manager import PluginManager

        return [*_beginning(PluginManager().all(point), incomplete), *(_paths(incomplete, suffix) if suffix else ())]

    return names


zone_names, stream_names, metric_names = (_names(point, ".py") for point in ("zone", "stream", "metric"))
executor_names = _names("executor")


def point_names(incomplete: str) -> list[str]:
    """Return the extension points that begin so, in the plural, and the plugin files."""
    from aura.plugins.manager import PluginManager

    return [*_beginning([f"{name}s" for name in PluginManager().points()], incomplete), *_paths(incomplete, ".py")]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))


def _paths(incomplete: str, suffix: str) -> list[str]:
    """Return the folders, with a slash, and the files of that suffix that begin so."""
    head, slash, tail = incomplete.rpartition("/")
    try:
        found = sorted(Path(f"{head}{slash}" or ".").iterdir())
    except OSError:
        return []
    return [f"{head}{slash}{path.name}{'/' if path.is_dir() else ''}" for path in found
            if path.name.startswith(tail) and (path.is_dir() or path.suffix == suffix)
            and (tail.startswith(".") or not path.name.startswith("."))]
