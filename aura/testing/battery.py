"""The battery: all checks, in the order in which a zone's author will want to see them fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from aura.core.zone import Manifest, Zone
from aura.testing import (
    determinism_checks,
    input_checks,
    manifest_checks,
    modulator_checks,
    signal_checks,
    state_checks,
)
from aura.testing.subject import ConformanceError, MakeValue, Subject

__all__ = ["CHECKS", "Check", "check_zone", "conformance_checks"]

Check: TypeAlias = Callable[[Subject], None]
"""Raises `ConformanceError` for a zone that does not conform."""

CHECKS: tuple[Check, ...] = (
    manifest_checks.manifest_is_complete,
    manifest_checks.manifest_is_light,
    manifest_checks.params_refuse_unknown_keys,
    signal_checks.runs,
    signal_checks.optional_inputs_are_optional,
    signal_checks.no_items_are_no_trouble,
    signal_checks.outputs_keep_their_word,
    signal_checks.published_values_stay,
    input_checks.inputs_are_left_alone,
    signal_checks.foreign_labels_are_survived,
    signal_checks.wrong_inputs_are_named,
    determinism_checks.runs_are_identical,
    determinism_checks.threads_equal_serial,
    determinism_checks.neighbours_change_nothing,
    determinism_checks.labels_do_nothing_when_learning_is_off,
    modulator_checks.modulators_at_their_defaults_change_nothing,
    modulator_checks.without_energy_nothing_is_learned,
    state_checks.state_survives_a_file,
    state_checks.resume_is_exact,
    state_checks.resume_after_learning_is_exact,
    state_checks.a_used_zone_goes_back,
    state_checks.exports_come_back,
)
"""Every check, to be parametrised over: ``@pytest.mark.parametrize("check", CHECKS)``."""


def conformance_checks() -> list[Check]:
    """Return every check, in order."""
    return list(CHECKS)


def check_zone(zone: Manifest | type[Zone[Any]], params: Mapping[str, Any] | None = None,
               inputs: Mapping[str, MakeValue] | None = None, **more: Any) -> None:
    """Hold a zone to the whole battery.

    Parameters
    ----------
    zone : Manifest or subclass of Zone
        What is tested.
    params : mapping, optional
        Its parameters.
    inputs : mapping of str to function, optional
        Port to ``(rng, items) -> value``, where random values do not suit.
    **more
        The other fields of `Subject`.

    Raises
    ------
    ConformanceError
        With all that is wrong, one line for each thing: the first check that it fails, and how many more do.

    Examples
    --------
    >>> from aura import Manifest, Port, Zone
    >>> class Mute(Zone):
    ...     manifest = Manifest("mute", "", outputs=(Port("voice", doc="Never heard."),), period="10 ms")
    ...     def step(self, now, inputs):
    ...         return None
    >>> try:
    ...     check_zone(Mute, module="aura")
    ... except ConformanceError as error:
    ...     print(error)
    manifest_is_complete: zone 'mute': expected a summary of one sentence, got none
    """
    subject = Subject(zone, params or {}, inputs or {}, **more)
    failed: dict[str, list[str]] = {}
    for check in CHECKS:
        try:
            check(subject)
        except ConformanceError as error:
            failed.setdefault(str(error), []).append(getattr(check, "__name__", str(check)))
    if failed:
        raise ConformanceError("\n".join(f"{first}{f' and {len(others)} more' if others else ''}: {what}"
                                         for what, (first, *others) in failed.items()))
