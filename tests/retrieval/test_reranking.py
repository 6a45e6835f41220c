from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import ModelUnavailable
from retrieval.reranking import load_reranker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder of 300 numbers, drawn at random."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("cross") / "tiny-cross"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "rose", "tulip", "garden"]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(path)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        max_position_embeddings=32, num_labels=1, initializer_range=1.0,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(path)
    return path


def test_a_folder_scores_each_text(folder: Path) -> None:
    reranker = load_reranker(str(folder))
    scores = reranker.scores("rose", ["rose garden", "tulip", "rose garden", "\ud800"])
    assert scores.shape == (4,) and scores.dtype == np.float32
    assert scores[0] == pytest.approx(scores[2], abs=1e-5) and abs(scores[0] - scores[1]) > 1e-4
    assert reranker.name == "tiny-cross" and reranker.scores("rose", []).shape == (0,)


@pytest.mark.parametrize("spec", ["/nowhere/at/all", "./x", " ", ""])
def test_no_folder(spec: str) -> None:
    with pytest.raises(ModelUnavailable, match="there is no folder") as caught:
        load_reranker(spec)
    assert caught.value.exit_code == 4


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"holds no cross-encoder: no config\.json"):
        load_reranker(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_reranker(str(tmp_path))
