"""Fuzzes one target with atheris in this process: ``python -m benchmarks.fuzz.worker TARGET [libFuzzer's options]``.

Started by ``benchmarks.fuzz``; with the name of a file instead of options, runs the target on it once.
"""

import sys
from pathlib import Path

__all__ = ["main"]

_INSTRUMENTED = ["retrieval", "agent", "prompts", "inscriptis", "mailparser_reply", "sentencex"]


def main() -> None:
    """Fuzz until libFuzzer ends the process."""
    import atheris

    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from benchmarks.fuzz.mutating import mutate_json
        from benchmarks.fuzz.targets import MAX_BYTES, SECONDS, TARGETS, hurry

        target = TARGETS()[name]
        for data in target.seeds():
            target.run(data)

    def once(data: bytes) -> None:
        if len(data) <= MAX_BYTES:
            with hurry(2 * SECONDS):  # half of it is the counting of what is reached
                target.run(data)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        changed = mutate_json(data, most, seed) if target.is_json and seed % 2 else None
        return atheris.Mutate(data, most) if changed is None else changed

    atheris.Setup(sys.argv, once, custom_mutator=mutate)
    atheris.Fuzz()


def write_words(path: Path, words: tuple[str, ...]) -> None:
    """The words of a target as a dictionary of libFuzzer."""
    lines = ["".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words]
    path.write_text("".join(f'"{line}"\n' for line in lines), "ascii")


if __name__ == "__main__":
    main()
