"""What a shell completes: scenarios, zones, kinds of stream and of metric by name, and files where these may stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["executor_names", "metric_names", "point_names", "scenario_names", "stream_names", "zone_names"]


def scenario_names(incomplete: str) -> list[str]:
    """Return the embedded scenarios and the scenario files that begin so."""
    from aura.sim.scenario import embedded_scenarios

    return [*_beginning(embedded_scenarios(), incomplete), *_paths(incomplete, ".toml")]


def zone_names(incomplete: str) -> list[str]:
    """Return the zones and the plugin files that begin so."""
    from aura.plugins.manager import PluginManager

    return [*_beginning(PluginManager().zones(), incomplete), *_paths(incomplete, ".py")]


def _names(point: str) -> Callable[[str], list[str]]:
    """Return what completes the names that an extension point has."""
    def names(incomplete: str) -> list[str]:
        from aura.plugins.manager import PluginManager

        return _beginning(PluginManager().all(point), incomplete)

    return names


stream_names, metric_names, executor_names = _names("stream"), _names("metric"), _names("executor")


def point_names(incomplete: str) -> list[str]:
    """Return the extension points that begin so, in the plural."""
    from aura.plugins.manager import PluginManager

    return _beginning([f"{name}s" for name in PluginManager().points()], incomplete)


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
