import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from retrieval.e5 import E5, convert, e5_folder
from retrieval.e5_format import read_e5
from retrieval.errors import ModelUnavailable
from retrieval.weights import Part, WeightFile
from tests.retrieval.tiny_models import FFN, HIDDEN, LAYERS, NORMALISED, PIECES, ROWS, e5_bytes, install

TINY = e5_bytes()
WEIGHT = WeightFile(
    "tiny.bin", hashlib.sha256(TINY).hexdigest(), len(TINY), (Part("limner-test-e5", "1.0", "limner_test_e5/tiny.bin"),)
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(tmp_path / "site", "limner-test-e5", "1.0", {"limner_test_e5/tiny.bin": TINY})
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tokenizers import Tokenizer

    folder = tmp_path_factory.mktemp("e5")
    (folder / "tiny.bin").write_bytes(TINY)
    convert(folder / "tiny.bin", folder / "model")
    return Tokenizer.from_file(str(folder / "model" / "tokenizer.json"))


def test_the_file_is_read_as_it_was_written() -> None:

    steps: list[tuple[int, int]] = []
    model = read_e5(TINY, lambda done, total: steps.append((done, total)))
    assert [piece for piece, _ in model.vocabulary.pieces] == PIECES
    assert model.normalised == NORMALISED
    assert (model.header.hidden, model.header.layers, model.header.ffn) == (HIDDEN, LAYERS, FFN)
    words = model.tensors["embeddings.word_embeddings.weight"]
    assert (words.shape, str(words.dtype)) == ((ROWS, HIDDEN), "float16")
    block = TINY[TINY.index(b"\x00\x2c") :][:18]  # the first scale, 0.0625
    assert words[0, :16].tolist() == [((byte & 15) - 8) * 0.0625 for byte in block[2:]]
    assert words[0, 16:].tolist() == [((byte >> 4) - 8) * 0.0625 for byte in block[2:]]
    assert model.tensors[f"encoder.layer.{LAYERS - 1}.intermediate.dense.weight"].shape == (FFN, HIDDEN)
    assert steps[-1] == (len(TINY), len(TINY))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends too early"),
        (b"GGUF" + TINY[4:], "starts with b'GGUF'"),
        (TINY[:300], "."),
        (TINY[:-40], "."),
        (e5_bytes(without="l1.fo.b"), r"'l1\.fo\.b' is missing"),
    ],
)
def test_a_file_of_another_format_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "tiny.bin").write_bytes(data)
    with pytest.raises(ModelUnavailable, match=f"tiny.bin' is not a model in the format E5S1.*{reason}"):
        convert(tmp_path / "tiny.bin", tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_the_folder_loads_and_gives_unit_vectors(site: Path, tmp_path: Path) -> None:
    import numpy as np
    from sentence_transformers import SentenceTransformer

    folder = e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    model = SentenceTransformer(str(folder), local_files_only=True)
    vectors = model.encode(["query: hello world", "passage: 你好世界", ""], show_progress_bar=False)
    assert vectors.shape == (3, HIDDEN)
    assert np.allclose(np.linalg.norm(vectors.astype(np.float32), axis=1), 1.0, atol=1e-3)
    assert model.prompts["query"] == "query: " and model.prompts["document"] == "passage: "
    assert model.max_seq_length == 64


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("query: hello world", ["<s>", "▁query", ":", "▁hello", "▁world", "</s>"]),
        ("hello\n\nworld", ["<s>", "▁hello", "▁world", "</s>"]),
        ("hel\x01lo", ["<s>", "▁hello", "</s>"]),
        ("hello\u200bworld", ["<s>", "▁hello", "▁world", "</s>"]),
        ("你好世界", ["<s>", "▁", "你", "好", "世界", "</s>"]),
        ("你～", ["<s>", "▁", "你", "～", "</s>"]),
        ("ｈｅｌｌｏ", ["<s>", "▁hello", "</s>"]),
        ("x", ["<s>", "▁", "<unk>", "</s>"]),
    ],
)
def test_the_tokenizer_normalises_and_splits_as_the_genuine_one(tokenizer: Any, text: str, pieces: list[str]) -> None:
    encoded = tokenizer.encode(text)
    assert [PIECES[n] for n in encoded.ids] == pieces


def test_a_second_call_needs_no_package(site: Path, tmp_path: Path) -> None:
    folder = e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    shutil.rmtree(site)
    assert e5_folder(cache=tmp_path / "cache", weight=WEIGHT) == folder


def test_another_file_in_the_package_is_refused(site: Path, tmp_path: Path) -> None:
    other = e5_bytes(seed=2)
    (site / "limner_test_e5/tiny.bin").write_bytes(other)
    with pytest.raises(ModelUnavailable) as caught:
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    assert hashlib.sha256(other).hexdigest() in str(caught.value) and WEIGHT.sha256 in str(caught.value)
    assert "limner-test-e5==1.0" in str(caught.value)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"'limner-test-e5' == 1\.0.*limner\[embedded\]"):
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT)


def test_a_full_disk_is_noticed_before(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no room"):
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT._replace(size=1 << 60))


def test_an_interruption_leaves_nothing_behind(site: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT, progress=interrupt)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]
    assert (e5_folder(cache=tmp_path / "cache", weight=WEIGHT) / "model.safetensors").is_file()


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("of", ["first", "middle", "last"])
def test_one_flipped_bit_in_any_file_is_found_at_the_next_load(site: Path, tmp_path: Path, of: str) -> None:
    folder = e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    files = [each for each in folder.rglob("*") if each.is_file() and each.name != "limner.json"]
    assert {"model.safetensors", "tokenizer.json", "modules.json"} <= {each.name for each in files}
    for each in files:
        at = {"first": 0, "middle": each.stat().st_size // 2, "last": -1}[of]
        flip(each, at)
        with pytest.raises(ModelUnavailable, match=rf"{each.name}' is not what was noted.*Delete that folder"):
            e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
        flip(each, at)
        assert e5_folder(cache=tmp_path / "cache", weight=WEIGHT) == folder


def test_what_the_conversion_noted_is_held_to(site: Path, tmp_path: Path) -> None:
    folder = e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    noted = folder / "limner.json"
    text = noted.read_text("utf-8")
    sums = json.loads(text)["sha256"]
    fewer = {name: each for name, each in sums.items() if name != "model.safetensors"}
    for changed in (fewer, {}, sums | {"model.safetensors": "0" * 64}, sums | {"adapter_config.json": "0" * 64}):
        noted.write_text(json.dumps({"sha256": changed}), "utf-8")
        with pytest.raises(ModelUnavailable, match=r"is not what was noted.*Delete that folder"):
            e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    noted.write_text(text, "utf-8")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match=r"'adapter_config\.json' is not what was noted"):
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    (folder / "adapter_config.json").unlink()
    for broken in ("", "[]", "{}", '{"sha256": []}'):
        noted.write_text(broken, "utf-8")
        with pytest.raises(ModelUnavailable, match=r"incomplete.*Delete that folder"):
            e5_folder(cache=tmp_path / "cache", weight=WEIGHT)
    noted.unlink()
    with pytest.raises(ModelUnavailable, match=r"incomplete.*Delete that folder"):
        e5_folder(cache=tmp_path / "cache", weight=WEIGHT)


@pytest.mark.model
def test_the_real_package_converts(tmp_path: Path) -> None:
    from safetensors import safe_open

    folder = e5_folder(cache=tmp_path)
    assert folder.name == f"multilingual-e5-small-q4-{E5.sha256[:8]}-v2"
    with safe_open(folder / "model.safetensors", "np") as tensors:
        assert tensors.get_slice("embeddings.word_embeddings.weight").get_shape() == [250_037, 384]
