"""Checks of the manifest: light, complete, and strict about parameters."""

from __future__ import annotations

import os
import subprocess
import sys
from fnmatch import fnmatchcase
from itertools import pairwise

from aura.core.blame import message_of
from aura.core.errors import AuraError
from aura.core.params import validated
from aura.core.plan import clocks_itself
from aura.core.ports import Port
from aura.core.zone import ZoneParams
from aura.testing.play import running
from aura.testing.subject import Subject

__all__ = ["HEAVY", "manifest_is_complete", "manifest_is_light", "params_refuse_unknown_keys"]

HEAVY = ("flax", "jax", "librosa", "matplotlib", "numba", "scipy", "sentence_transformers", "sklearn", "tensorflow",
         "torch", "transformers")
"""Packages that a manifest may not import: `aura zones` reads every manifest and answers at once."""

_PROBE = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted(set(sys.argv[2:]) & set(sys.modules)))
"""


def manifest_is_light(subject: Subject) -> None:
    """The module of the manifest imports no heavy package."""
    module = subject.module or _home(subject)
    # The parent's whole path, so that a package that is not installed but on the path is found there too.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    done = subprocess.run([sys.executable, "-c", _PROBE, module, *HEAVY], capture_output=True, text=True,
                          env=environment, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise subject.failure(f"module {module!r} cannot be imported in a fresh interpreter: {last}")
    if done.stdout.strip():
        raise subject.failure(f"reading the manifest from {module!r} imports {done.stdout.strip()}. Keep the manifest "
                              "in a module of its own and name the class as factory='package.module:Class'")


def manifest_is_complete(subject: Subject) -> None:
    """The manifest has a summary, a class of the clock that it says, and ports that say what they carry."""
    manifest = subject.manifest
    if not manifest.summary.strip():
        raise subject.failure("expected a summary of one sentence, got none")
    with running(subject):
        kind = subject.load()
        params = validated(manifest.params, subject.params, manifest.name, parts=manifest.parts)
        inputs, outputs = manifest.ports(params)
        woken_by = manifest.wake_on(params) if callable(manifest.wake_on) else manifest.wake_on
        changeable = manifest.changeable_of(params)
    if manifest.factory and isinstance(manifest.factory, str) and bool(manifest.self_clocked) != clocks_itself(kind):
        raise subject.failure(f"expected self_clocked={clocks_itself(kind)} in the manifest, as {kind.__name__} has "
                              f"{'a' if clocks_itself(kind) else 'no'} next_wake of its own")
    names = {port.name for port in inputs}
    for side, ports in (("input", inputs), ("output", outputs)):
        for port in ports:
            problem = _port_problem(port)
            if problem:
                raise subject.failure(f"{side} {port.name!r}: {problem}")
    for output in outputs:
        if output.items_from is not None and output.items_from not in {p.name for p in inputs if p.has_items}:
            raise subject.failure(f"output {output.name!r}: items_from is {output.items_from!r}, which is no input "
                                  "with an item axis")
    for name in woken_by:
        if name not in names:
            raise subject.failure(f"wake_on names {name!r}, which is no input")
    for name in changeable:
        if not any(fnmatchcase(known, name.partition(".")[0]) for known in manifest.params.model_fields):
            raise subject.failure(f"changeable names {name!r}, which is no parameter")


def params_refuse_unknown_keys(subject: Subject) -> None:
    """The parameter model is a frozen `ZoneParams` that refuses a key it does not know."""
    model = subject.manifest.params
    if not issubclass(model, ZoneParams):
        raise subject.failure(f"expected params to be a subclass of aura.ZoneParams, got {model.__name__}")
    if not model.model_config.get("frozen"):
        raise subject.failure(f"expected frozen parameters, got {model.__name__}, which can be changed after the check")
    unknown = "no_such_parameter"
    try:
        validated(model, {**subject.params, unknown: 1}, subject.manifest.name)
    except AuraError as error:
        if unknown not in message_of(error):
            raise subject.failure(f"the parameters of the test are refused: {message_of(error)}") from error
    else:
        raise subject.failure(f"{model.__name__} takes the unknown key {unknown!r} without a word. "
                              "Leave extra='forbid' as aura.ZoneParams has it")


def _port_problem(port: Port) -> str | None:
    if not port.doc.strip():
        return "expected a doc of one sentence, got none"
    if not port.unit.strip():
        return "expected a unit, or '1' for none, got an empty one"
    if port.range is not None and not all(low < high for low, high in pairwise(port.range)):
        return f"expected a range from low to high, got {port.range}"
    return None


def _home(subject: Subject) -> str:
    """Return the module that holds the manifest; of several, the one with the plugin's hook."""
    manifest = subject.manifest
    homes = []
    for name, module in sys.modules.items():
        values = list(getattr(module, "__dict__", {}).values())
        # By type(): isinstance also asks a value for its __class__, which some modules answer with a warning.
        if name != "__main__" and any(
                value is manifest or (issubclass(type(value), type) and value.__dict__.get("manifest") is manifest)
                for value in values):
            homes.append((not hasattr(module, "aura_zones"), name))
    if not homes:
        raise subject.failure("the module of its manifest is not found; that of a script or notebook cannot be read "
                              "anew. Put the manifest into a module, or name one: module='package.module'")
    return min(homes)[1]
