import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.e5 import convert
from retrieval.embedders import Embedder, load_embedder
from retrieval.errors import ModelUnavailable
from tests.retrieval.tiny_models import HIDDEN, e5_bytes

ROOT = Path(__file__).resolve().parents[2]


def make_model(folder: Path, *, seed: int = 1) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = folder.with_suffix(".bin")
    source.write_bytes(e5_bytes(seed=seed))
    convert(source, folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny-e5")


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Embedder:
    return load_embedder(str(folder))


def test_a_folder_gives_unit_vectors_of_its_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(["hello", "你好世界", "", "hello " * 500])
    assert embedder.dimension == HIDDEN
    assert (vectors.shape, str(vectors.dtype)) == ((4, HIDDEN), "float32")
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert embedder.embed_queries([]).shape == (0, HIDDEN)


def test_order_and_batch_do_not_matter(embedder: Embedder) -> None:
    texts = ["hello " * n for n in range(1, 20)]
    together = embedder.embed_passages(texts)
    alone = np.concatenate([embedder.embed_passages([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_queries_and_passages_have_their_prefixes(embedder: Embedder, folder: Path, tmp_path: Path) -> None:
    bare = make_model(tmp_path / "plain")
    (bare / "config_sentence_transformers.json").write_text('{"prompts": {}}', "utf-8")
    plain = load_embedder(str(bare))
    assert np.allclose(plain.embed_queries(["query: hello"]), embedder.embed_queries(["hello"]), atol=1e-5)
    assert np.allclose(plain.embed_passages(["passage: hello"]), embedder.embed_passages(["hello"]), atol=1e-5)
    assert not np.allclose(embedder.embed_queries(["hello"]), embedder.embed_passages(["hello"]), atol=1e-3)


@pytest.mark.parametrize(("name", "prefixed"), [("my-e5-small", True), ("e5-large-instruct", False), ("the5th", False)])
def test_an_e5_model_without_prompts_gets_those_of_its_family(
    embedder: Embedder, tmp_path: Path, name: str, prefixed: bool
) -> None:
    bare = make_model(tmp_path / name)
    (bare / "config_sentence_transformers.json").unlink()
    loaded = load_embedder(str(bare))
    for ours, its in ((loaded.embed_queries, embedder.embed_queries), (loaded.embed_passages, embedder.embed_passages)):
        assert np.allclose(ours(["hello"]), its(["hello"]), atol=1e-5) is prefixed


def test_a_lone_surrogate_is_no_obstacle(embedder: Embedder) -> None:
    assert embedder.embed_passages(["hello \ud83d"]).shape == (1, HIDDEN)


def test_a_moved_folder_keeps_its_name_and_another_model_does_not(folder: Path, tmp_path: Path) -> None:
    name = load_embedder(str(folder)).name
    assert name.startswith("folder:tiny-e5@") and len(name) == len("folder:tiny-e5@") + 8
    assert load_embedder(str(make_model(tmp_path / "a" / "tiny-e5"))).name == name
    assert load_embedder(str(make_model(tmp_path / "b" / "tiny-e5", seed=2))).name != name


@pytest.mark.parametrize("spec", ["", "  ", "./nowhere", "/nowhere/at/all", "~/no-such-folder-of-limner", "a/b/c"])
def test_a_folder_that_is_not_there_is_named(spec: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        load_embedder(spec)
    assert repr(spec) in str(caught.value) and "'embedded'" in str(caught.value)


def test_a_file_or_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="holds no model"):
        load_embedder(str(tmp_path))
    (tmp_path / "file").write_text("x")
    with pytest.raises(ModelUnavailable, match="there is no folder"):
        load_embedder(str(tmp_path / "file"))


def test_a_damaged_folder_is_refused(tmp_path: Path) -> None:
    broken = make_model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_embedder(str(broken))
    broken = make_model(tmp_path / "torn")
    (broken / "config.json").write_text("{", "utf-8")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_embedder(str(broken))


@pytest.mark.parametrize("kind", ["embedder", "reranker"])
def test_a_hub_name_without_a_network_is_refused_at_once(kind: str) -> None:
    program = f"from retrieval import load_{kind}; load_{kind}('limner-tests/no-such-model')"
    offline = os.environ | {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", program], env=offline, capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert f"ModelUnavailable: the {kind} 'limner-tests/no-such-model' is no local folder and cannot be had" in last
    assert "Give the folder" in last


def test_importing_and_loading_is_quiet_and_light(folder: Path) -> None:
    program = (
        "import sys; from retrieval import embedders, e5, weights, fakes\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'numpy', 'filelock'} & set(sys.modules)\n"
        "print(sorted(heavy)); e = embedders.load_embedder(sys.argv[1]); e.embed_queries(['hello'])\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr, done.returncode) == ("[]\n", "", 0)


@pytest.fixture(scope="module")
def embedded() -> Embedder:
    return load_embedder("embedded")


TRANSLATIONS = [
    ("我上个月从汉堡搬到了慕尼黑", "I moved from Hamburg to Munich last month"),
    ("我吃素，不吃任何动物制品", "I am vegan and eat no animal products"),
    ("你们的快递总是迟到，我很生气", "Your deliveries are always late and I am angry"),
    ("请问怎么申请退款？", "How can I request a refund?"),
    ("我女儿今年五岁了", "My daughter is five years old now"),
]


@pytest.mark.model
def test_translations_are_nearer_than_anything_else(embedded: Embedder) -> None:
    chinese = embedded.embed_passages([zh for zh, _ in TRANSLATIONS])
    english = embedded.embed_passages([en for _, en in TRANSLATIONS])
    cosines = chinese @ english.T
    assert (cosines.argmax(axis=0) == np.arange(5)).all() and (cosines.argmax(axis=1) == np.arange(5)).all()
    assert np.diag(cosines).min() > 0.8 > np.sort(cosines, axis=1)[:, :-1].max()


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "best"), [("用户住在哪里？", 0), ("他的饮食习惯是什么？", 1), ("用户有孩子吗？", 4)]
)
def test_a_question_finds_its_answer(embedded: Embedder, question: str, best: int) -> None:
    chinese = embedded.embed_passages([zh for zh, _ in TRANSLATIONS])
    assert (chinese @ embedded.embed_queries([question])[0]).argmax() == best


@pytest.mark.model
def test_the_embedded_embedder_is_the_known_one(embedded: Embedder) -> None:
    assert (embedded.name, embedded.dimension) == ("embedded:multilingual-e5-small-q4", 384)
    first = embedded.embed_queries(["hello world"])[0]
    assert np.isclose(np.linalg.norm(first), 1.0, atol=1e-5)
