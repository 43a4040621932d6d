"""An engine that answers: the encoder and the amygdala of a finished run, without its streams."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from time import perf_counter_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from aura.affect.analysis import Affect, Analysis, Explanation, Shares
from aura.affect.checks import checked_affect, checked_share, checked_texts, listed
from aura.affect.silence import Silence
from aura.core.brain import Brain
from aura.core.checkpoint import checkpoint_of, read_checkpoint
from aura.core.errors import CheckpointError, ParameterError, nearest
from aura.core.handed import sketch
from aura.core.observer import Observer
from aura.plugins.manager import PluginManager

if TYPE_CHECKING:
    from aura.affect.onnx_export import Parity, Precision

__all__ = ["EmotionEngine"]

SENSES, READS = "sensory", "amygdala"
ANSWER_TICKS = 4
"""Of the resolution: a text arrives after one, its embedding after another, and the answer is out at that tick."""
FIRST_IDS = 2**52
"""Below this, which JSON holds exactly, the first id of an engine is drawn."""


class _Taught(Observer):
    """Adds up what the amygdala says that it has learned from."""

    name = "taught"

    def __init__(self) -> None:
        self.items = 0.0

    def on_learn(self, zone: str, now: int, scalars: Mapping[str, float] | None) -> None:
        self.items += sum(value for key, value in (scalars or {}).items() if key.endswith("_items"))


class EmotionEngine:
    """Says what texts feel like, and what of it follows for whom they are from; safe to call from several threads.

    Parameters
    ----------
    brain : Brain
        With the zones `sensory` and `amygdala`, joined; it is the engine's from now on, and learns nothing unless it is
        taught.
    emotion : str
        The amygdala's task of classes.
    pad : str
        Its task of three numbers, if it has that.
    """

    def __init__(self, brain: Brain, *, emotion: str = "emotion", pad: str = "pad") -> None:
        self._brain, self._emotion, self._pad, self._lock = brain, emotion, pad, Lock()
        # Drawn, so that what another engine has said, or this one before it was saved, is not taken for its own.
        self._next, self._taught = secrets.randbelow(FIRST_IDS), _Taught()
        brain.observe(self._taught)
        brain.learning = False
        plan, zone = brain.plans[READS], cast("Any", brain[READS])
        self._params = cast("Any", plan.params)
        if f"{emotion}_probability" not in plan.outputs:
            raise ParameterError("engine.emotion", expected="a task of classes of the run", got=repr(emotion),
                                 hint=f"Its tasks: {', '.join(self._params.tasks)}.")
        self._inputs, self._outputs = frozenset(plan.inputs), frozenset(plan.outputs)
        self._readers = (SENSES, READS) if "text" in self._inputs else (SENSES,)
        self._interventions: tuple[str, ...] = (
            self._params.users.interventions if "intervention" in self._outputs else ())
        self._names: tuple[str, ...] = zone.class_names(emotion)
        self._span = ANSWER_TICKS * brain.resolution

    @classmethod
    def load(cls, folder: str | Path, *, emotion: str = "emotion", pad: str = "pad", cache: bool = False,
             threads: int | None = None, most: int | None = None, explore: bool = False,
             plugins: Iterable[str | Path] = (), **params: Any) -> EmotionEngine:
        """Return the engine of a finished run, or of a checkpoint.

        Parameters
        ----------
        folder : str or Path
            A run's folder, of which the newest checkpoint counts, or a checkpoint's own.
        emotion, pad : str
            As of the class.
        cache : bool
            Whether embeddings are kept in the encoder's cache on disk; by default no text leaves a trace there.
        threads : int, optional
            Of the encoder; by default as the run had it.
        most : int, optional
            Users that are followed at most; by default as the run had it.
        explore : bool
            Whether interventions of which little is known are tried, for an engine that is told how effective they
            were; by default the one that is expected to help most is chosen.
        plugins : iterable of str or Path
            Files of code, which are executed, that bring what these zones need, such as a learner of your own; what the
            run's scenario names is not executed by itself.
        **params
            Other parameters of the amygdala that may be changed over a state, such as ``memory=64``.

        Raises
        ------
        CheckpointError
            If there is no checkpoint, or it is damaged, or of a run without these zones.
        """
        place = checkpoint_of(Path(folder))
        manifest, _ = read_checkpoint(place)
        zones, manager = manifest["zones"], PluginManager(files=plugins)
        for name in (SENSES, READS):
            if zones.get(name, {}).get("kind") != name:
                raise CheckpointError(str(place), expected=f"a run with a zone {name!r} of that kind",
                                      got=", ".join(zones) or "no zones", hint="Run the scenario emotions-40.")
        kept = manifest["params"]
        senses = {**kept[SENSES], "cache": cache, **({} if threads is None else {"threads": threads})}
        brain = Brain(seed=manifest["seed"], resolution=manifest["resolution"])
        brain.add(manager.zone(SENSES), SENSES, params=senses)
        reads = {**kept[READS], **params}
        if most is not None and reads.get("users"):
            reads["users"] = {**reads["users"], "most": most}
        brain.add(manager.zone(READS), READS, params=reads)
        texts = f"{brain.add(Silence)}.text"
        brain.connect(texts, f"{SENSES}.text")
        if "text" in brain.plans[READS].inputs:
            brain.connect(texts, f"{READS}.text")
        brain.connect(f"{SENSES}.embedding", f"{READS}.embedding")
        brain.run(until=manifest["time"])  # nothing is due: time goes on, so that what is saved later is the newer
        brain.load_zones(place, (SENSES, READS))
        engine, users = cls(brain, emotion=emotion, pad=pad), cast("Any", brain[READS]).users
        if users is not None:
            users.always_explores = explore
        return engine

    # --- asking ---------------------------------------------------------------------------------------------------

    def analyze(self, text: str, user: str | None = None, context: str | None = None) -> Analysis:
        """Return what a text feels like.

        Parameters
        ----------
        text : str
            Any, the empty one too; beyond what the encoder reads it is cut.
        user : str, optional
            Whom it is from, whose course it goes on; None or empty for nobody in particular.
        context : str, optional
            What was said before, read together with the text.
        """
        return self.analyze_many([text], [user], [context])[0]

    async def aanalyze(self, text: str, user: str | None = None, context: str | None = None) -> Analysis:
        """Return the same without holding up the event loop."""
        return await asyncio.to_thread(self.analyze, text, user, context)

    def analyze_many(self, texts: Sequence[str], users: Sequence[str | None] | None = None,
                     contexts: Sequence[str | None] | None = None) -> list[Analysis]:
        """Return what several texts feel like, read in one go; those of one user count in their order."""
        began = perf_counter_ns()
        whole, names = checked_texts(texts, users, contexts)
        if not whole:
            return []
        brain = self._brain
        with self._lock:
            ids = np.arange(self._next, self._next + len(whole), dtype=np.int64)
            self._next += len(whole)
            if "user" in self._inputs:
                brain.inject(f"{READS}.user", names, ids=ids)
            for zone in self._readers:
                brain.inject(f"{zone}.text", whole, ids=ids)
            brain.run(span=self._span)
            outputs = {port: brain.read(f"{READS}.{port}") for port in self._outputs}
            self._names = emotions = outputs.get(f"{self._emotion}_classes") or self._names
        took_ms = (perf_counter_ns() - began) / 1e6
        return [self._analysis(row, int(ids[row]), names[row], emotions, outputs, took_ms) for row in range(len(whole))]

    def _analysis(self, row: int, identity: int, user: str, emotions: tuple[str, ...], outputs: Mapping[str, Any],
                  took_ms: float) -> Analysis:
        pad, scores = outputs.get(self._pad), outputs.get("intervention_scores")
        chances = outputs[f"{self._emotion}_probability"][row].tolist()
        return Analysis(
            id=identity, user=user, primary=outputs[f"{self._emotion}_best"][row],
            confidence=_number(outputs.get(f"{self._emotion}_confidence"), row),
            probabilities=Shares(zip(emotions, chances, strict=True)),
            pad=Affect(*pad[row].tolist()) if pad is not None and pad.shape[1:] == (3,) else None,
            readiness=_number(outputs.get("readiness"), row),
            readiness_uncertainty=_number(outputs.get("readiness_uncertainty"), row),
            intervention=outputs["intervention"][row] if self._interventions else None,
            intervention_scores=Shares(() if scores is None else zip(
                self._interventions, scores[row].tolist(), strict=True)),
            out_of_scope=_number(outputs.get(f"{self._emotion}_novelty"), row), took_ms=took_ms)

    def explain(self, text: str, context: str | None = None) -> Explanation:
        """Return what lies behind that which would be said of a text: experts, routing and attention to its words.

        Nothing goes on by it: neither a user's course nor the memory of a learner that follows what it reads.

        Parameters
        ----------
        text : str
            Any, the empty one too.
        context : str, optional
            What was said before, read together with the text.
        """
        (whole,), _ = checked_texts([text], None, [context])
        with self._lock:
            embedding = cast("Any", self._brain[SENSES]).encode((whole,))[0]
            found = cast("Any", self._brain[READS]).explain(embedding, whole)
        return Explanation(found["tasks"], found.get("experts", {}), found.get("routing", {}),
                           tuple(found.get("attention", ())))

    # --- teaching -------------------------------------------------------------------------------------------------

    def teach(self, analysis: Analysis, *, emotion: str | Sequence[str] | None = None,
              pad: Sequence[float] | None = None, readiness: float | None = None,
              effectiveness: float | None = None) -> int:
        """Let the engine learn what was true of a text that it has analysed, and return how much of it was learned.

        Parameters
        ----------
        analysis : Analysis
            Of this engine, or of the one that was saved for it; the text still waits, unless it has been told of that
            before or many came since.
        emotion : str or sequence of str, optional
            What it felt like.
        pad : sequence of three float, optional
            Pleasure, arousal and dominance, from 0 to 1.
        readiness : float, optional
            How ready to learn the user turned out to be, from 0 to 1.
        effectiveness : float, optional
            How much the intervention that was chosen helped, from 0 to 1.

        Raises
        ------
        ParameterError
            If nothing is told, or something that is none of these or that the run does not learn.
        """
        taught = {"emotion": emotion, "pad": pad, "readiness": readiness, "effectiveness": effectiveness}
        return self._teach([analysis], {what: [value] for what, value in taught.items() if value is not None})

    def teach_many(self, analyses: Sequence[Analysis], *, emotion: Sequence[str | Sequence[str]] | None = None,
                   pad: Sequence[Sequence[float]] | None = None, readiness: Sequence[float] | None = None,
                   effectiveness: Sequence[float] | None = None) -> int:
        """Do the same for several texts in one go: what is told has a value for each."""
        taught = {"emotion": emotion, "pad": pad, "readiness": readiness, "effectiveness": effectiveness}
        return self._teach(analyses, {what: values for what, values in taught.items() if values is not None})

    def _teach(self, analyses: Sequence[Analysis], taught: Mapping[str, Sequence[Any]]) -> int:
        ports = {"emotion": f"{self._emotion}_teacher", "pad": f"{self._pad}_teacher",
                 "readiness": "readiness_teacher", "effectiveness": "effectiveness"}
        missing = [what for what in taught if ports[what] not in self._inputs]
        analyses = listed("engine.teach", analyses)
        if not taught or missing or not analyses:
            raise ParameterError("engine.teach", expected="something that the run learns",
                                 got=", ".join(missing) or "nothing")
        if not all(isinstance(one, Analysis) for one in analyses):
            raise ParameterError("engine.teach", expected="what `analyze` has returned", got=sketch(analyses))
        values = {ports[what]: self._read(what, values, len(analyses)) for what, values in taught.items()}
        ids = np.array([one.id for one in analyses], dtype=np.int64)
        with self._lock:
            self._taught.items = 0.0
            self._brain.learning = True
            try:
                for port, value in values.items():
                    self._brain.inject(f"{READS}.{port}", value, ids=ids)
                self._brain.run(span=self._span)
            finally:
                self._brain.learning = False
            return int(self._taught.items)

    def _read(self, what: str, values: Sequence[Any], count: int) -> list[Any]:
        """Return what is told of texts as the amygdala's teacher takes it."""
        values = listed(f"engine.teach.{what}", values)
        if len(values) != count:
            raise ParameterError(f"engine.teach.{what}", expected=f"{count}, one for each text", got=str(len(values)))
        if what == "emotion":
            return [self._known((one,) if isinstance(one, str) else tuple(listed("engine.teach.emotion", one)))
                    for one in values]
        if what == "pad":
            return [checked_affect(one) for one in values]
        return [checked_share(what, one) for one in values]

    def _known(self, labels: tuple[Any, ...]) -> tuple[str, ...]:
        options = self._params.tasks[self._emotion]
        known = set(self._names) | set(getattr(getattr(options, "emotions", None), "mapping", ()))
        for label in labels:
            if not isinstance(label, str) or (label not in known and not getattr(options, "open", False)):
                raise ParameterError("engine.teach.emotion", expected="an emotion of the run", got=sketch(label),
                                     hint=nearest(label, known) if isinstance(label, str) else "")
        if getattr(options, "kind", "") == "choice" and len(labels) != 1:
            raise ParameterError("engine.teach.emotion", expected="exactly one, as the run tells of each text",
                                 got=str(len(labels)))
        return tuple(map(str, labels))

    # --- the rest -------------------------------------------------------------------------------------------------

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions that are told apart."""
        return self._names

    @property
    def interventions(self) -> tuple[str, ...]:
        """What there is to choose from."""
        return self._interventions

    @property
    def users(self) -> tuple[int, int]:
        """How many users are followed, and how many were forgotten because too many others came."""
        with self._lock:
            followed = cast("Any", self._brain[READS]).users
            return (0, 0) if followed is None else (len(followed.trajectories), followed.trajectories.evicted)

    def notices(self) -> list[str]:
        """Return what is to be told: users forgotten, labels that came too late."""
        with self._lock:
            return [str(notice) for notice in self._brain.all_notices()]

    def save(self, folder: str | Path) -> Path:
        """Write a checkpoint that `load` takes, with all users followed, and return its folder."""
        with self._lock:
            return self._brain.save(folder)

    def export_onnx(self, folder: str | Path, precision: Precision = "float32") -> list[Path]:
        """Write what says embedding, emotions and pleasure, arousal and dominance as one ONNX file; return the files.

        Parameters
        ----------
        folder : str or Path
            Gets ``emotions.onnx``, which reads ``input_ids`` and ``attention_mask``, and ``tokenizer.json``.
        precision : {"float32", "half", "int8"}
            Of the matrices: as they are, stored in half the bytes and computed with in float32, or int8 with a scale
            for each column.

        Raises
        ------
        AuraError
            If the emotion task is not of the kind `emotions`, the encoder no BERT with mean pooling, or a package is
            missing.
        """
        from aura.affect.onnx_export import Parts, write_model

        senses, reads = cast("Any", self._brain[SENSES]), cast("Any", self._brain[READS])
        with self._lock, tempfile.TemporaryDirectory() as place:
            model, settings = senses.model(Path(place) / "model")
            reads.export(Path(place))
            pad = self._params.tasks.get(self._pad)
            linear = pad is not None and (Path(place) / f"{self._pad}_regression_W.npy").is_file()
            return write_model(Parts(model, settings, Path(place), self._emotion, self._pad if linear else None,
                                     self._params.tasks[self._emotion], self._names), Path(folder), precision)

    def compare_onnx(self, folder: str | Path, texts: Sequence[str]) -> Parity:
        """Return how far what `export_onnx` wrote says the same of texts as the engine does."""
        from aura.affect.onnx_export import compare, run_model

        outputs = run_model(Path(folder), texts)
        chances = np.array([list(one.probabilities.values()) for one in self.analyze_many(texts)])
        return compare(outputs, cast("Any", self._brain.read(f"{SENSES}.embedding")), chances)

    def close(self) -> None:
        """Let the brain go."""
        with self._lock:
            self._brain.close()

    def __enter__(self) -> EmotionEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _number(values: Any, row: int) -> float | None:
    return None if values is None else float(values[row])
