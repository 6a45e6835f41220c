"""Small models of transformers with random weights, saved as folders: shapes and contracts, no sense."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "<|im_start|>{{ m.role }}\n{{ m.content | trim }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n"
)
DROPS_SYSTEM = (
    "{% for m in messages %}{% if m.role == 'user' %}<|im_start|>{{ m.content }}<|im_end|>{% endif %}{% endfor %}"
)
LINES = [
    '[{"evidence":1,"value":"Oslo"},{"evidence":2,"value":null}] "value":"x"} {"evidence":[]',
    "2024-03-01 user: I live in Munich and moved there last month. yes no true false none null",
    "我住在慕尼黑，喜欢徒步和咖啡。你好，世界！没有",
]
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<start_of_turn>", "</s>", "[INST]", "<|eot_id|>"]


def make_model(
    folder: Path,
    *,
    template: str | None = CHATML,
    kind: str = "qwen2",
    context: int = 512,
    pieces: bool = False,
    **settings: Any,
) -> Path:
    """A folder with a model of two layers and its tokenizer; ``pieces``: one like SentencePiece's, else byte-level."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast

    tokenizer: Tokenizer = _with_byte_fallback() if pieces else _byte_level()
    unknown = {"unk_token": "<unk>"} if pieces else {}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=template, **unknown
    )
    fast.save_pretrained(folder)
    sizes: Mapping[str, Any] = {
        "vocab_size": -(-len(fast) // 64) * 64,  # more rows than tokens, as most models have
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": context,
        "eos_token_id": fast.eos_token_id,
        "bos_token_id": None,
        "pad_token_id": None,
    }
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**sizes, **settings}))
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(8 if weights.dim() > 1 else 1)  # decided opinions, so that rounding does not tip a choice
    ends = [fast.convert_tokens_to_ids(each) for each in ("<|im_end|>", "<|endoftext|>")]
    model.generation_config = GenerationConfig(eos_token_id=ends, repetition_penalty=1.3, do_sample=True)
    model.save_pretrained(folder)
    return folder


def _byte_level() -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=letters, special_tokens=CONTROL, show_progress=False)
    tokenizer.train_from_iterator(LINES * 3, trainer)
    tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("mountain", special=False)])
    tokenizer.add_special_tokens([AddedToken("<|wide|>", special=True, normalized=True)])
    return tokenizer


def _with_byte_fallback() -> Any:
    """As Llama 2's, Mistral's and Gemma's: spaces are part of words, letters that it does not know become bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    letters = [f"<0x{number:02X}>" for number in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", *CONTROL, *letters], show_progress=False)
    tokenizer.train_from_iterator(LINES * 3, trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [each for each in content["added_tokens"] if each["content"] not in letters]
    return Tokenizer.from_str(json.dumps(content))
