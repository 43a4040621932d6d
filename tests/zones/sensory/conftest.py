"""What the tests of the senses share."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pytest

from aura.zones.sensory.encoder import load_text_encoder


@pytest.fixture(scope="session")
def _loaded_once() -> object:
    return lru_cache(load_text_encoder)


@pytest.fixture
def one_encoder(_loaded_once: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zones share one encoder, which carries nothing from call to call; loading it takes most of a short run."""
    monkeypatch.setattr("aura.zones.sensory.zone.load_text_encoder", _loaded_once)


TINY = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "layer_norm_eps": 1e-12,
        "max_position_embeddings": 40, "model_type": "bert", "hidden_act": "gelu", "intermediate_size": 32}


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sentence encoder of two layers that reads letter by letter, with weights drawn at random."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("tiny")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{letter}" for letter in letters)]
    tokeniser = Tokenizer(models.WordPiece({word: place for place, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokeniser.normalizer = normalizers.BertNormalizer()
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokeniser.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokeniser.save(str(folder / "tokenizer.json"))
    width, inner, draw = TINY["hidden_size"], TINY["intermediate_size"], torch.Generator().manual_seed(0)
    shapes = {"embeddings.word_embeddings": (len(vocabulary), width), "embeddings.position_embeddings": (40, width),
              "embeddings.token_type_embeddings": (2, width)}
    for layer in range(2):
        name = f"encoder.layer.{layer}."
        shapes |= {f"{name}attention.self.{part}": (width, width) for part in ("query", "key", "value")}
        shapes |= {f"{name}attention.output.dense": (width, width), f"{name}intermediate.dense": (inner, width),
                   f"{name}output.dense": (width, inner)}
    tensors = {f"{name}.weight": torch.randn(shape, generator=draw) * 0.2 for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": torch.randn(shape[0], generator=draw) * 0.1 for name, shape in shapes.items()
                if name.startswith("encoder")}
    for name in ("embeddings", *(f"encoder.layer.{layer}.{part}" for layer in range(2)
                                 for part in ("attention.output", "output"))):
        tensors |= {f"{name}.LayerNorm.weight": torch.ones(width), f"{name}.LayerNorm.bias": torch.zeros(width)}
    save_file(tensors, str(folder / "model.safetensors"))
    (folder / "config.json").write_text(json.dumps(TINY))
    (folder / "modules.json").write_text(json.dumps([{"type": f"sentence_transformers.models.{kind}"}
                                                     for kind in ("Transformer", "Pooling", "Normalize")]))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return folder
