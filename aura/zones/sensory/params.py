"""Parameters of the zone `sensory`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from aura.core.zone import ZoneParams

__all__ = ["SensoryParams"]


class SensoryParams(ZoneParams):
    """How texts are encoded.

    Parameters
    ----------
    model : str
        ``"all-MiniLM-L6-v2"``, the folder of a sentence-transformers model, or a model's name on the hub.
    dimensions : int
        Length of the model's embeddings; 384 for the default.
    precision : {"float32", "bfloat16"}
        Arithmetic of the encoder; bfloat16 where the processor has it.
    threads : int, optional
        Threads of the encoder; by default as many as there are processors.
    cache : bool
        Keep embeddings on disk, shared between runs; they are the same to the bit as fresh ones.
    cache_path : str, optional
        The cache's file; by default below the user's cache folder, or where AURA_CACHE says.
    cache_bytes : int
        Largest size of the cache.
    """

    model: str = Field("all-MiniLM-L6-v2", description="a name, or the folder of a model")
    dimensions: int = Field(384, ge=1, description="length of the model's embeddings")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="arithmetic of the encoder")
    threads: int | None = Field(None, ge=1, description="threads of the encoder; by default one a processor")
    cache: bool = Field(True, description="keep embeddings on disk, shared between runs")
    cache_path: str | None = Field(None, description="the cache's file")
    cache_bytes: int = Field(2**30, ge=2**20, description="largest size of the cache")
