"""How fast ``transformers:`` reads and writes on this device, and whether it says what the CPU says in float32.

    python benchmarks/torch_engine.py MODEL_FOLDER [--compare]

Prints tokens per second, read and written, each the second of two runs; with ``--compare`` the replies under a grammar
of the same weights on the CPU, and the largest difference of a token's log-probability. How well profiles come out is
measured by ``limner eval profile DATA --llm transformers:MODEL_FOLDER``.
"""

import argparse
import sys
import time
from unittest import mock

import torch
from langchain_core.messages import HumanMessage, SystemMessage

from agent import torch_loading
from agent.torch_chat import TorchChat

QUESTIONS = (
    "I live in Oslo with two cats. Where does the user live?",
    "我上个月搬到了慕尼黑，现在在一家医院当护士。用户住在哪里？",
    "My order 4471 arrived broken, I am angry. How does the user feel?",
    "我女儿今年七岁，喜欢画画。用户的女儿喜欢什么？",
)
LINES = {"type": "array", "items": {"type": "string", "minLength": 40, "maxLength": 60}, "minItems": 4, "maxItems": 4}
VALUE = {
    "type": "object",
    "properties": {"value": {"type": "string", "maxLength": 30}},
    "required": ["value"],
    "additionalProperties": False,
}


def wanted(schema):
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}


def story(days):
    return " ".join(f"On day {i} she went to shop {i * 7 % 97} and paid {i * 13 % 211} dollars." for i in range(days))


def timed(chat, text, *, again, **asked):
    """The second of two calls, with its seconds; ``again`` keeps what was read for it."""
    for _ in range(2):
        if not again:
            chat.forget_prompts()
        started = time.perf_counter()
        reply = chat.invoke([SystemMessage("You write about shops, at length."), HumanMessage(text)], **asked)
        seconds = time.perf_counter() - started  # the reply's tokens have been copied from the device by now
    return reply, seconds


def speeds(chat):
    for days in (10, 25, 100, 330):
        reply, seconds = timed(chat, story(days), again=False, max_tokens=1)
        read = reply.usage_metadata["input_tokens"]
        print(f"read {read} tokens in {seconds:.3f} s: {read / seconds:.0f}/s")
    for name, form in (("free", {}), ("under a grammar", {"response_format": wanted(LINES)})):
        reply, seconds = timed(chat, story(10) + " Tell a long story.", again=True, max_tokens=160, **form)
        wrote = reply.usage_metadata["output_tokens"]
        print(f"wrote {wrote} tokens {name} in {seconds:.3f} s: {wrote / seconds:.1f}/s")


def compare(chat):
    with (
        mock.patch.object(torch_loading, "_device", lambda: "cpu"),
        mock.patch.object(torch_loading, "_dtype", lambda _config, _device: torch.float32),
    ):
        plain = TorchChat(name_or_dir=chat.name_or_dir)
        plain.load()
    same, worst = 0, 0.0
    for question in QUESTIONS:
        messages = [SystemMessage('Reply with JSON: {"value": ...}.'), HumanMessage(question)]
        here, there = (c.invoke(messages, logprobs=True, response_format=wanted(VALUE)) for c in (chat, plain))
        same += here.content == there.content
        pairs = zip(*(r.response_metadata["logprobs"]["content"] for r in (here, there)), strict=False)
        for one, other in pairs:
            if one["token"] != other["token"]:
                break
            worst = max(worst, abs(one["logprob"] - other["logprob"]))
        print(here.content, there.content)
    print(f"{same} of {len(QUESTIONS)} replies are the same; log-probabilities differ by {worst:.3f} at most")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--compare", action="store_true", help="with the CPU in float32")
    options = parser.parse_args()
    chat = TorchChat(name_or_dir=options.model)
    started = time.perf_counter()
    model = chat.load().loaded.model
    print(f"loaded in {time.perf_counter() - started:.1f} s: {model.device}, {model.dtype}")
    speeds(chat)
    if options.compare:
        compare(chat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
