"""The encoder that learns: its gradients, what moves, what waits, and what a checkpoint brings back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from aura.core.errors import DataError, StateError
from aura.zones.sensory import waiting
from aura.zones.sensory.encoder import load_text_encoder
from aura.zones.sensory.minilm import LeanEncoder
from aura.zones.sensory.plastic import PlasticEncoder
from aura.zones.sensory.plasticity import PlasticOptions
from aura.zones.sensory.text import clean_texts

TEXTS = ("i am glad.", "no", "it rained all day, and we did not mind.", "so sad", "who? me!", "we were there")
ODD = ("", "😀", "a" * 100_000, "word " * 20_000, "你好 мир hello", "a\x00b\x07c\u200b\ud83d", "\n\t ", "?")
IDS = np.arange(10, 10 + len(TEXTS))


def encoder(folder: Path | str, plasticity: Any = "full", memory: int = 100, seed: int = 1,
            **options: Any) -> PlasticEncoder:
    lean = load_text_encoder(str(folder), threads=1)
    assert isinstance(lean, LeanEncoder)
    return PlasticEncoder(lean, plasticity, PlasticOptions(**options), np.random.default_rng(seed), memory)


def towards(embeddings: np.ndarray) -> np.ndarray:
    """The gradient of half the squared distance to the first axis, for each item."""
    return embeddings - np.eye(embeddings.shape[1], dtype=np.float32)[0]


def taught(one: PlasticEncoder, rounds: int = 1, texts: tuple[str, ...] = TEXTS) -> list[float]:
    losses = []
    for turn in range(rounds):
        ids = np.arange(len(texts)) + 100 * turn
        embeddings = one.encode(texts, ids)
        losses.append(float((towards(embeddings) ** 2).sum()))
        one.learn(ids, towards(embeddings), 1.0)
    return losses


def moved(one: PlasticEncoder, folder: Path) -> set[str]:
    first = load_file(folder / "model.safetensors")
    return {name for name, tensor in one.weights().items()
            if name.split(".")[-2] != "token_type_embeddings" and "position" not in name
            and not torch.equal(tensor, first[name])}


def same(one: PlasticEncoder, other: PlasticEncoder) -> bool:
    return all(torch.equal(mine, theirs) for mine, theirs in zip(one.weights().values(), other.weights().values(),
                                                                  strict=True))


def gradients_by_transformers(folder: Path, texts: tuple[str, ...], seeds: torch.Tensor) -> dict[str, torch.Tensor]:
    """Text by text, padded by nothing, in the field's own implementation of BERT."""
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig.from_json_file(str(folder / "config.json"))
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    tensors = load_file(folder / "model.safetensors")
    config.vocab_size = len(tensors["embeddings.word_embeddings.weight"])
    model = transformers.BertModel(config, add_pooling_layer=False)
    model.load_state_dict(tensors, strict=False)
    lean = load_text_encoder(str(folder), threads=1)
    assert isinstance(lean, LeanEncoder)
    for tokens, seed in zip(lean.tokens(texts), seeds, strict=True):
        hidden = model(input_ids=torch.tensor([tokens])).last_hidden_state[0].mean(0)
        torch.nn.functional.normalize(hidden, dim=0).backward(seed)
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


def check_gradients(folder: Path, texts: tuple[str, ...]) -> None:
    one = encoder(folder)
    seeds = torch.randn(len(texts), one.dimensions, generator=torch.Generator().manual_seed(3))
    wanted = gradients_by_transformers(folder, texts, seeds)
    order = sorted(range(len(texts)), key=lambda index: len(one._lean.tokens(texts)[index]))
    done = one._network.forward([one._lean.tokens(texts)[index] for index in order])
    tensors, rows = one._network.backward(done, seeds[order])
    found = dict(zip(one._network.moving, tensors, strict=True))
    pairs = [(found["norm.weight"], wanted["embeddings.LayerNorm.weight"]),
             (found["positions"], wanted["embeddings.position_embeddings.weight"]),
             (rows, wanted["embeddings.word_embeddings.weight"][done.words])]
    for layer in (0, 1):
        prefix = f"encoder.layer.{layer}."
        for kind in ("weight", "bias"):
            pairs += [(found[f"{layer}.qkv.{kind}"], torch.cat(
                [wanted[f"{prefix}attention.self.{part}.{kind}"] for part in ("query", "key", "value")])),
                (found[f"{layer}.output.{kind}"], wanted[f"{prefix}attention.output.dense.{kind}"]),
                (found[f"{layer}.up.{kind}"], wanted[f"{prefix}intermediate.dense.{kind}"]),
                (found[f"{layer}.down.{kind}"], wanted[f"{prefix}output.dense.{kind}"]),
                (found[f"{layer}.norm_0.{kind}"], wanted[f"{prefix}attention.output.LayerNorm.{kind}"]),
                (found[f"{layer}.norm_1.{kind}"], wanted[f"{prefix}output.LayerNorm.{kind}"])]
    largest = max(float(theirs.abs().max()) for _, theirs in pairs)
    for mine, theirs in pairs:
        torch.testing.assert_close(mine, theirs, atol=2e-5 * largest, rtol=1e-3)


@pytest.mark.slow
def test_the_gradients_are_those_of_transformers(tiny_bert: Path) -> None:
    check_gradients(tiny_bert, TEXTS)


@pytest.mark.slow
def test_the_gradients_of_minilm_are_those_of_transformers() -> None:
    from aura.zones.sensory.weights import find_minilm

    check_gradients(find_minilm()[0], TEXTS)


def test_learning_lowers_the_loss(tiny_bert: Path) -> None:
    for plasticity in ("full", "low-rank"):
        losses = taught(encoder(tiny_bert, plasticity, learning_rate=5e-3), rounds=30)
        assert losses[-1] < 0.3 * losses[0], plasticity


def test_before_learning_an_embedding_is_the_frozen_one_but_for_rounding(tiny_bert: Path) -> None:
    frozen = load_text_encoder(str(tiny_bert), threads=1).encode(TEXTS)
    for plasticity in ("full", "low-rank"):
        one = encoder(tiny_bert, plasticity)
        np.testing.assert_array_equal(one.encode(TEXTS), frozen)
        np.testing.assert_allclose(one.encode(TEXTS, IDS), frozen, atol=1e-6)


def test_without_learning_an_embedding_follows_the_weights_that_have_moved(tiny_bert: Path) -> None:
    one = encoder(tiny_bert, learning_rate=1e-2)
    taught(one, rounds=3)
    np.testing.assert_allclose(one.encode(TEXTS), one.encode(TEXTS, IDS), atol=1e-6)
    together, alone = one.encode(TEXTS), [one.encode([text])[0] for text in TEXTS]
    np.testing.assert_array_equal(together, alone)


def test_full_plasticity_moves_every_weight_and_low_rank_what_its_factors_are_added_to(tiny_bert: Path) -> None:
    whole, few = encoder(tiny_bert), encoder(tiny_bert, "low-rank", targets=("query", "down"))
    for one in (whole, few):
        taught(one, rounds=2)
    everything = {name for name in load_file(tiny_bert / "model.safetensors")
                  if "token_type" not in name and "position" not in name}
    assert moved(whole, tiny_bert) == everything
    assert moved(few, tiny_bert) == {f"encoder.layer.{layer}.{name}.weight" for layer in (0, 1)
                                     for name in ("attention.self.query", "output.dense")}


def test_layers_and_words_that_do_not_learn_stay(tiny_bert: Path) -> None:
    above, frozen = encoder(tiny_bert, layers=1), encoder(tiny_bert, words="frozen")
    for one in (above, frozen):
        taught(one, rounds=2)
    assert all(name.startswith("encoder.layer.1") for name in moved(above, tiny_bert))
    assert "embeddings.word_embeddings.weight" not in moved(frozen, tiny_bert)
    assert "embeddings.LayerNorm.weight" in moved(frozen, tiny_bert)


def test_words_move_where_they_occur_alone(tiny_bert: Path) -> None:
    one = encoder(tiny_bert)
    taught(one, texts=("aa", "ab"))
    first = load_file(tiny_bert / "model.safetensors")["embeddings.word_embeddings.weight"]
    rows = (one.weights()["embeddings.word_embeddings.weight"] != first).any(1).nonzero()[:, 0].tolist()
    assert rows == sorted({token for text in one._lean.tokens(("aa", "ab")) for token in text})


def test_a_second_gradient_for_an_item_and_one_that_comes_late_go_through_the_weights_as_they_are(
        tiny_bert: Path) -> None:
    late, prompt = (encoder(tiny_bert, learning_rate=1e-2, words="frozen") for _ in range(2))
    gradient = towards(late.encode(TEXTS, IDS))
    prompt.encode(TEXTS, IDS)
    for one in (late, prompt):
        one.learn(IDS, gradient, 1.0)
    late.learn(IDS, gradient, 1.0)
    prompt.encode(TEXTS, IDS + 100)
    prompt.learn(IDS + 100, gradient, 1.0)
    assert same(late, prompt)


def test_gradients_of_part_of_a_block_are_each_learned_once_it_is_their_turn(tiny_bert: Path) -> None:
    parts, whole = encoder(tiny_bert, accumulate=len(TEXTS)), encoder(tiny_bert)
    gradient = towards(parts.encode(TEXTS, IDS))
    for half in (slice(0, 2), slice(2, None)):
        parts.learn(IDS[half], gradient[half], 1.0)
    whole.encode(TEXTS, IDS)
    whole.learn(IDS, gradient, 1.0)
    for mine, theirs in zip(parts.weights().values(), whole.weights().values(), strict=True):
        # A step is 2e-4 whatever the gradient's size, so rounding of a gradient near 0 shows.
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_items_whose_gradient_never_comes_make_room_and_are_told(tiny_bert: Path) -> None:
    one = encoder(tiny_bert, memory=2 * len(TEXTS))
    for turn in range(4):
        embeddings = one.encode(TEXTS, IDS + 100 * turn)
    one.learn(IDS + 300, towards(embeddings), 1.0)
    scalars = one.learn(IDS, towards(embeddings), 1.0)  # of the first block, which is gone
    assert scalars["plastic_unmatched"] == len(TEXTS)
    assert scalars["plastic_items"] == 0
    notices = {sentence.format(count=count) for sentence, count in one.notices().items() if count}
    assert len(notices) == 2
    assert f"let {2 * len(TEXTS)} items go whose gradient never came" in notices


def test_graphs_are_bounded_and_no_bit_depends_on_it(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, bounded = encoder(tiny_bert), encoder(tiny_bert)
    taught(kept)
    monkeypatch.setattr(waiting, "_TOKENS_IN_GRAPHS", 0)
    taught(bounded)
    assert same(kept, bounded)


def resumed(folder: Path | str, texts: tuple[str, ...], **options: Any) -> None:
    """Save between the texts and their gradients, and go on in another encoder."""
    straight = encoder(folder, **options)
    taught(straight, rounds=2, texts=texts)
    ids = np.arange(len(texts)) + 1000
    embeddings = straight.encode(texts, ids)
    drawn = straight._rng.bit_generator.state
    state = straight.state()
    again = encoder(folder, seed=5, **options)
    again.load_state(state)
    again._rng.bit_generator.state = drawn
    half = len(texts) // 2
    for one in (straight, again):
        one.learn(ids[:half], towards(embeddings)[:half], 1.0)
        one.learn(ids[half:], towards(embeddings)[half:], 1.0)
        taught(one, rounds=2, texts=texts)
    assert straight._mover.steps >= 2
    assert same(straight, again)
    assert straight.encode(texts).tobytes() == again.encode(texts).tobytes()


@pytest.mark.parametrize("options", [
    {}, {"plasticity": "low-rank"}, {"accumulate": 8, "word_dropout": 0.3},
    {"schedule": "linear", "items": 40, "warm_up": 4, "layer_decay": 0.7}], ids=str)
def test_a_resume_between_texts_and_gradients_changes_no_bit(options: dict[str, Any], tiny_bert: Path) -> None:
    resumed(tiny_bert, TEXTS, **options)


@pytest.mark.slow
def test_a_resume_of_minilm_between_texts_and_gradients_changes_no_bit() -> None:
    resumed("all-MiniLM-L6-v2", TEXTS)


def test_word_dropout_leaves_words_out_but_never_all_and_only_while_learning(tiny_bert: Path) -> None:
    one = encoder(tiny_bert, word_dropout=0.9)
    one.encode(TEXTS, IDS)
    block = next(iter(one._waiting._blocks.values()))
    whole = sorted(len(text) for text in one._lean.tokens(TEXTS))
    assert sum(block.lengths) < sum(whole)
    assert min(block.lengths) >= 3
    np.testing.assert_array_equal(one.encode(TEXTS), one.encode(TEXTS))


def test_odd_texts_are_read_and_learned(tiny_bert: Path) -> None:
    for options in ({}, {"word_dropout": 0.5}):
        one = encoder(tiny_bert, **options)
        ids = np.arange(len(ODD))
        embeddings = one.encode(clean_texts(ODD), ids)
        assert np.isfinite(embeddings).all()
        scalars = one.learn(ids, towards(embeddings), 1.0)
        assert scalars["plastic_unmatched"] == 0
        assert all(torch.isfinite(tensor).all() for tensor in one.weights().values())
        assert one.learn(np.array([0]), towards(embeddings[:1]), 1.0) == {"plastic_items": 1.0,
                                                                        "plastic_unmatched": 0.0}  # without a word


def test_a_gradient_that_overflows_moves_nothing_and_is_told(tiny_bert: Path) -> None:
    one = encoder(tiny_bert)
    one.encode(TEXTS, IDS)
    one.learn(IDS, np.full((len(TEXTS), 16), 3e38, np.float32), 1.0)
    assert not moved(one, tiny_bert)
    assert any("too large" in sentence and count == len(TEXTS) for sentence, count in one.notices().items())


def test_the_rate_obeys_schedule_layer_decay_and_modulators(tiny_bert: Path) -> None:
    one = encoder(tiny_bert, learning_rate=1e-3, schedule="linear", warm_up=12, items=24)
    rates = []
    for turn in range(4):
        embeddings = one.encode(TEXTS, IDS + 10 * turn)
        rates.append(one.learn(IDS + 10 * turn, towards(embeddings), 0.5)["rate"])
    assert rates == pytest.approx([0.25e-3, 0.5e-3, 0.25e-3, 0.0])
    still = encoder(tiny_bert)
    still.encode(TEXTS, IDS)
    assert still.learn(IDS, towards(embeddings), 0.0)["plastic_items"] == 0
    assert not moved(still, tiny_bert)
    decayed = encoder(tiny_bert, layer_decay=0.1, weight_decay=0.0)
    taught(decayed)
    first, now = load_file(tiny_bert / "model.safetensors"), decayed.weights()
    far = [float((now[f"encoder.layer.{layer}.output.dense.bias"]
                  - first[f"encoder.layer.{layer}.output.dense.bias"]).abs().max()) for layer in (0, 1)]
    assert far[0] == pytest.approx(0.1 * far[1], rel=0.1)  # AdamW's first step is as long as its rate


def test_a_resume_with_another_number_of_threads_is_told(tiny_bert: Path) -> None:
    one = encoder(tiny_bert)
    state = one.state()
    again = encoder(tiny_bert)
    again.load_state(state)
    assert not any(again.notices().values())
    again.load_state({**state, "threads": 77})
    assert [sentence for sentence, count in again.notices().items() if count] == [
        "was resumed {count} times with another number of threads, from where its bits differ"]


def test_the_identity_is_another_when_weights_have_moved(tiny_bert: Path) -> None:
    one = encoder(tiny_bert)
    before = one.identity
    assert before != load_text_encoder(str(tiny_bert)).identity
    taught(one)
    assert one.identity != before


def test_a_state_of_other_plasticity_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(Exception, match="values"):
        encoder(tiny_bert).load_state(encoder(tiny_bert, "low-rank").state())


@pytest.mark.parametrize("plasticity", ["full", "low-rank"])
def test_an_export_is_a_model_that_reads_as_the_encoder_does_and_can_be_taken_over(
        plasticity: str, tiny_bert: Path, tmp_path: Path) -> None:
    one = encoder(tiny_bert, plasticity, learning_rate=1e-2)
    taught(one, rounds=3)
    assert all(path.is_file() for path in one.export(tmp_path))
    first, now = ({name: tensor.shape for name, tensor in load_file(folder / "model.safetensors").items()}
                  for folder in (tiny_bert, tmp_path))
    assert first == now
    frozen = load_text_encoder(str(tmp_path), threads=1)
    np.testing.assert_allclose(frozen.encode(TEXTS), one.encode(TEXTS), atol=1e-6)
    again = encoder(tiny_bert, plasticity, seed=9)
    again.encode(TEXTS, IDS)
    again.load_export(tmp_path)
    assert same(one, again)
    assert one.encode(TEXTS).tobytes() == again.encode(TEXTS).tobytes()


def test_an_export_that_does_not_fit_is_refused_and_changes_nothing(tiny_bert: Path, tmp_path: Path) -> None:
    whole, low, above = encoder(tiny_bert), encoder(tiny_bert, "low-rank"), encoder(tiny_bert, layers=1)
    taught(whole)
    whole.export(tmp_path)
    with pytest.raises(StateError, match=r"low_rank.safetensors: expected exported weights"):
        low.load_export(tmp_path)
    with pytest.raises(StateError, match="where they do not learn"):
        above.load_export(tmp_path)
    assert not moved(above, tiny_bert)
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(StateError, match=r"model.safetensors"):
        whole.load_export(tmp_path)


def test_an_export_into_the_folder_that_the_model_came_from_takes_its_place(tiny_bert: Path, tmp_path: Path) -> None:
    encoder(tiny_bert).export(tmp_path)
    one = encoder(tmp_path, learning_rate=1e-2)
    taught(one)
    one.export(tmp_path)
    assert encoder(tmp_path).encode(TEXTS).tobytes() == one.encode(TEXTS).tobytes()


def test_an_export_that_a_full_disk_ends_leaves_the_earlier_one(tiny_bert: Path, tmp_path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    one = encoder(tiny_bert, learning_rate=1e-2)
    one.export(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    taught(one)

    def full(tensors: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("No space left on device (os error 28)")

    monkeypatch.setattr("aura.zones.sensory.plastic_export.save_file", full)
    with pytest.raises(StateError, match=r"model\.safetensors: expected a place that can be written to"):
        one.export(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_exported_weights_that_are_not_finite_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    one = encoder(tiny_bert)
    one.export(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    tensors["encoder.layer.0.output.dense.bias"][0] = float("nan")
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(StateError, match=r"'encoder.layer.0.output.dense.bias' of finite numbers"):
        one.load_export(tmp_path)


def test_a_schedule_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="how many the stream is expected to bring"):
        PlasticOptions(schedule="cosine")


def test_a_missing_tensor_is_named(tiny_bert: Path, tmp_path: Path) -> None:
    lean = load_text_encoder(str(tiny_bert), threads=1)
    assert isinstance(lean, LeanEncoder)
    tensors = lean.tensors()
    del tensors["encoder.layer.1.output.dense.bias"]
    lean.tensors = lambda: tensors  # type: ignore[method-assign]
    with pytest.raises(DataError, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        PlasticEncoder(lean, "full", PlasticOptions(), np.random.default_rng(0), 10)
