"""Parameters of the zone `sensory`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aura.core.errors import TimeError
from aura.core.paths import PlacePath, TextFrom, path_text, paths_of
from aura.core.time import TIME_PATTERN, S, parse_time
from aura.core.zone import ZoneParams
from aura.zones.sensory.plasticity import Plasticity, PlasticOptions

__all__ = ["MODALITIES", "AudioOptions", "FusionOptions", "ImageOptions", "Modality", "SensoryParams"]

Modality = Literal["text", "image", "audio"]
MODALITIES: tuple[Modality, ...] = ("text", "image", "audio")
"""All modalities, in the order in which they are fused."""

VARIANCE_FLOOR = 10 / 255**2
"""Coates & Ng 2012, section 3.1 (doi:10.1007/978-3-642-35289-8_30): 10 for grey levels from 0 to 255; here from 0 to
1."""
POWER_FLOOR = 1e-10
"""Silence: 100 dB below a power of 1, as librosa's ``power_to_db`` has it."""
Weight = Annotated[float, Field(gt=0, le=1e6)]


def _model(text: Any, info: ValidationInfo) -> Any:
    """Return the path of a model's folder, where one is meant: it looks like a path, or lies where one would."""
    paths = paths_of(info)
    if paths is None or not isinstance(text, str):
        return text
    there = text.here if isinstance(text, TextFrom) else text
    if text.startswith((".", "/", "~", "data:")) or paths.locate(there).is_dir():
        return paths.input(path_text(text))
    return text


ModelName = Annotated[str, BeforeValidator(_model)]


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show what differs from the defaults."""
        default = type(self)()
        return [(name, value) for name, value in super().__repr_args__() if value != getattr(default, str(name))]


class ImageOptions(_Options):
    """How images are cut into patches."""

    patch: int = Field(default=7, ge=1, description="Side of a patch in pixels.")
    stride: int | None = Field(
        default=None, ge=1,
        description="Step from one patch to the next in pixels; a patch if not given. What is left over at the right "
                    "and lower edge and fills no patch is not seen.")
    channels: int | None = Field(
        default=None, ge=1,
        description="Length of the images' last axis; without it they have none: (item, height, width).")
    dtype: Literal["float32", "float64", "uint8"] = Field(
        default="float32",
        description="The type in which images come; bytes are taken as 0 to 1.")
    normalise: Literal["patch", "none"] = Field(
        default="patch",
        description="Whether each patch is freed of its own brightness and contrast.")
    variance_floor: float = Field(
        default=VARIANCE_FLOOR, gt=0, le=1e6,
        description="Added to a patch's variance, so that an empty one is not blown up.")
    centre: bool = Field(default=False, description="Shift each image, so that its centre of mass lies in its middle.")
    deskew: bool = Field(
        default=False,
        description="Shear each image sideways, so that its main axis stands upright. Both are for bright strokes on "
                    "a ground of 0, such as handwriting.")

    @property
    def features(self) -> int:
        """Length of a patch as a vector."""
        return self.patch**2 * (self.channels or 1)


class AudioOptions(_Options):
    """How sound becomes log-mel frames."""

    items: Literal["chunk", "recording"] = Field(
        default="chunk",
        description="Whether the items follow on each other, as chunks of one stream, or each is a recording on its "
                    "own.")
    rate: int | None = Field(
        default=None, ge=1, le=10_000_000,
        description="Samples per second, in Hz; required where audio is wired.")
    length: str | None = Field(
        default=None, json_schema_extra={"pattern": TIME_PATTERN},
        description='Length of an item (`"10 ms"`). Given, a stream of another length or rate is refused before the '
                    "first tick.")
    window: str = Field(
        default="25 ms", json_schema_extra={"pattern": TIME_PATTERN},
        description="Length of a frame.")
    hop: str = Field(
        default="10 ms", json_schema_extra={"pattern": TIME_PATTERN},
        description="Step from one frame to the next.")
    fft: int | None = Field(
        default=None, ge=2, le=1 << 20,
        description="Length of the Fourier transform in samples; by default the next power of two that holds a "
                    "window.")
    mels: int = Field(default=40, ge=1, le=4096, description="How many mel bands there are.")
    fmin: float = Field(default=0.0, ge=0, description="Lower edge of the lowest band in Hz.")
    fmax: float | None = Field(
        default=None, gt=0,
        description="Upper edge of the highest band in Hz; by default half the rate.")
    floor: float = Field(default=POWER_FLOOR, gt=0, le=1e6, description="Powers below it count as it.")

    @field_validator("window", "hop", "length")
    @classmethod
    def _time(cls, text: str | None) -> str | None:
        try:
            if text is not None and parse_time(text) == 0:
                raise ValueError("a time above zero")
        except TimeError as error:
            raise ValueError(error.expected) from None
        return text

    @model_validator(mode="after")
    def _fit(self) -> AudioOptions:
        if self.rate is None:
            return self
        window, hop = self.samples(self.window), self.samples(self.hop)
        if window < 2 or hop < 1 or (self.length is not None and self.samples(self.length) < 1):
            raise ValueError(f"a window of two samples or more, and a hop and a length of one, at {self.rate} Hz")
        if hop > window:
            raise ValueError("a hop that is no longer than the window, so that no sample is left out")
        if self.fft is not None and self.fft < window:
            raise ValueError(f"an fft that holds the window, {window} samples")
        if not self.fmin < self.highest <= self.rate / 2:
            raise ValueError(f"fmin below fmax, and fmax no higher than half the rate, {self.rate / 2:g} Hz")
        return self

    def samples(self, length: str) -> int:
        """Return how many samples a length of time has."""
        return ((self.rate or 0) * parse_time(length) + S // 2) // S

    @property
    def transform(self) -> int:
        """Length of the Fourier transform in samples."""
        return self.fft or 1 << (self.samples(self.window) - 1).bit_length()

    @property
    def highest(self) -> float:
        """Upper edge of the highest band in Hz."""
        return (self.rate or 0) / 2 if self.fmax is None else self.fmax

    @property
    def quiet(self) -> float:
        """What silence is as a token."""
        return math.log(self.floor)


class FusionOptions(_Options):
    """How the modalities of one tick become one vector an item."""

    width: int = Field(default=384, ge=1, le=1 << 16, description="Length of the vector.")
    weights: dict[Modality, Weight] = Field(
        default_factory=dict,
        description="What a modality weighs; 1 for one that is not named.")


class SensoryParams(ZoneParams):
    """What the zone takes in, and how it is encoded."""

    modalities: tuple[Modality, ...] = Field(
        ("text",),
        description="What the zone is fed: each has an input of its name, which is then required. With anything but "
                    "text alone the zone fuses what comes into `cognitive_context`.")
    model: ModelName = Field(
        default="all-MiniLM-L6-v2",
        description="`\"all-MiniLM-L6-v2\"`, the folder of a sentence-transformers model, or a model's name on the "
                    "hub.")
    dimensions: int = Field(default=384, ge=1, description="Length of the model's embeddings; 384 for the default.")
    encoder: Literal["torch", "onnx"] = Field(
        default="torch",
        description="What computes the text encoder: torch, or onnxruntime, which the extra `aura-brain[onnx]` "
                    "installs.")
    precision: Literal["float32", "bfloat16", "int8"] = Field(
        default="float32",
        description="Arithmetic of the encoder; bfloat16 where the processor has it, int8 with `encoder = \"onnx\"`.")
    threads: int | None = Field(
        default=None, ge=1,
        description="Threads of the encoder; by default as many as there are processors.")
    cache: bool = Field(
        default=True,
        description="Keep embeddings on disk, shared between runs; they are the same to the bit as fresh ones.")
    cache_path: PlacePath | None = Field(
        default=None,
        description="The cache's file; by default below the user's cache folder, or where AURA_CACHE says.")
    cache_bytes: int = Field(default=2**30, ge=2**20, description="Largest size of the cache.")
    plasticity: Plasticity = Field(
        default="frozen",
        description="Whether the text encoder learns from the gradients that come to `embedding_gradient`: not at all, "
                    "by low-rank factors beside its matrices, or with all its weights. One that learns keeps nothing "
                    "in the cache.")
    plastic: PlasticOptions = Field(default=PlasticOptions(), description="How the text encoder learns.")
    image: ImageOptions = Field(default=ImageOptions(), description="How images are cut into patches.")
    audio: AudioOptions = Field(default=AudioOptions(), description="How sound becomes log-mel frames.")
    fusion: FusionOptions = Field(default=FusionOptions(), description="How the modalities become one vector.")

    @field_validator("modalities")
    @classmethod
    def _differ(cls, names: tuple[Modality, ...]) -> tuple[Modality, ...]:
        if not names or len(set(names)) != len(names):
            raise ValueError("one modality or more, each of them once")
        return names

    @model_validator(mode="after")
    def _named(self) -> SensoryParams:
        for name, options, default in (("image", self.image, ImageOptions()), ("audio", self.audio, AudioOptions())):
            if options != default and name not in self.modalities:
                raise ValueError(f"{name!r} among the modalities, as its options are given")
        if self.fusion != FusionOptions() and not self.fuses:
            raise ValueError("more than text among the modalities, as options of their fusion are given")
        other = "bfloat16" if self.encoder == "onnx" else "int8"
        if self.precision == other:
            raise ValueError(f"another precision than {other!r}, as encoder is {self.encoder!r}")
        if self.learns and self.encoder != "torch":
            raise ValueError(f"encoder 'torch', as plasticity is {self.plasticity!r}")
        if self.learns and "text" not in self.modalities:
            raise ValueError(f"text among the modalities, as plasticity is {self.plasticity!r}")
        if self.plastic != PlasticOptions() and not self.learns:
            raise ValueError("plasticity 'low-rank' or 'full', as its options are given")
        if "audio" in self.modalities and self.audio.rate is None:
            raise ValueError("audio.rate, in Hz: sound does not say it itself")
        return self

    @property
    def fuses(self) -> bool:
        """Whether the zone publishes a cognitive context."""
        return self.modalities != ("text",)

    @property
    def learns(self) -> bool:
        """Whether the text encoder learns."""
        return self.plasticity != "frozen"
