"""How long it takes to forget one user, or many at once, among many small ones, and what is left in the files.

    python -m benchmarks.forgetting --users 10000 --dimension 384

Uses the fake embedder: what is measured is copying, not embedding. Half of the users write Chinese. A second process
searches all the while. Every word, id and vector of who was forgotten is looked for in the bytes of every file, before
(each must be there) and after; the exit code is 1 when one is left, or anything else is not as promised.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from retrieval import Event, HashingEmbedder, Store, split_event
from retrieval.drafts import passage
from retrieval.residue import scan_files
from retrieval.scopes import Scope
from retrieval.timestamps import parse_timestamp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

READER = """
import sys, time
from pathlib import Path
from retrieval import HashingEmbedder, Store
store, slowest, count = Store(Path(sys.argv[1]), HashingEmbedder(int(sys.argv[2]))), 0.0, 0
print("ready", flush=True)
end, users = Path(sys.argv[3]), int(sys.argv[4])
while not end.exists():
    started = time.perf_counter()
    user = f"customer-{users // 2 + count % (users // 10):05d}"
    assert len(store.search(user, "code word 暗号")) == 2, user
    slowest, count = max(slowest, time.perf_counter() - started), count + 1
print(count, round(slowest, 3))
"""
_EVENTS = 2
_FIRST = 7
STRINGS = shutil.which("strings")
"""The program (binutils); None where there is none, and nothing is looked for in its output."""


class Traces(NamedTuple):
    """How many words, ids (in files, and in the output of ``strings``) and vectors are in the files of a folder."""

    english: int
    chinese: int
    ids: int
    in_strings: int
    vectors: int


def secret(user: int, event: int) -> str:
    """Words that nobody else says: eight Chinese characters of each second user, of others sixteen letters."""
    digest = hashlib.sha256(f"{user} {event}".encode()).hexdigest()
    if user % 2 == 0:
        return digest[:16]
    return "".join(chr(0x4E00 + int(digest[at : at + 3], 16)) for at in range(0, 24, 3))


def name(user: int) -> str:
    """The id of a user."""
    return f"customer-{user:05d}"


def rows(users: Iterable[int]) -> Iterator[dict[str, str]]:
    """Two events of each user."""
    for user in users:
        for event in range(_EVENTS):
            word = secret(user, event)
            text = f"我的暗号是{word}，请不要告诉别人。" if user % 2 else f"My code word is {word}, tell it to nobody."
            time_ = f"2024-01-{event + 1:02d}T10:00:00Z"
            yield {"user_id": name(user), "id": f"e{event}", "timestamp": time_, "text": text}


def traces(folder: Path, users: Sequence[int], dimension: int) -> Traces:
    """What of these users' words (as UTF-8, UTF-16 or JSON), ids and vectors is in the files of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    data = [path.read_bytes() for path in files]
    shown = [subprocess.run([STRINGS, "-a", path], capture_output=True).stdout for path in files if STRINGS]

    def there(forms: Iterable[bytes], where: Sequence[bytes] = data) -> bool:
        return any(form in each for form in forms for each in where)

    def words(of: Iterable[int]) -> int:
        return sum(there(_forms(secret(user, event))) for user in of for event in range(_EVENTS))

    return Traces(
        words(user for user in users if user % 2 == 0),
        words(user for user in users if user % 2),
        sum(there(_forms(name(user))) for user in users),
        sum(there([name(user).encode()], shown) for user in users),
        len({found.name for found in scan_files(files, {}, _vectors(users, dimension))}),
    )


def _forms(words: str) -> list[bytes]:
    return [words.encode(), words.encode("utf-16-le"), json.dumps(words)[1:-1].encode()]


def _vectors(users: Iterable[int], dimension: int) -> "dict[str, NDArray[np.float32]]":
    """The vectors of the users' snippets, numbered; an index may hold them with other last bits."""
    passages = []
    for row in rows(users):
        moment = parse_timestamp(row["timestamp"])
        assert moment is not None
        event = Event(row["user_id"], row["id"], row["text"], *moment)
        passages += [passage(event, snippet) for snippet in split_event(event)]
    return {str(number): vector for number, vector in enumerate(HashingEmbedder(dimension).embed_passages(passages))}


def main() -> None:
    """Measure, and print one line a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--users", type=int, default=10_000, help="at least 100; every hundredth, and one, is forgotten"
    )
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--no-strings", action="store_true", help="look for nothing in the output of strings")
    options = parser.parse_args()
    if STRINGS is None and not options.no_strings:
        parser.error("there is no program strings (binutils): install it, or look without it (--no-strings)")
    with tempfile.TemporaryDirectory() as folder:
        broken = measure(Path(folder), options.users, options.dimension)
    for each in broken:
        print("NOT AS PROMISED:", each, file=sys.stderr)
    sys.exit(1 if broken else 0)


def measure(folder: Path, users: int, dimension: int) -> list[str]:
    """Load, forget, and look for what is left; what was not as promised."""
    home = folder / "store"
    store = Store(home, HashingEmbedder(dimension))
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(range(users))), encoding="utf-8")
    step("ingest", lambda: store.ingest([file]))
    print(f"the store has {sum(path.stat().st_size for path in home.rglob('*') if path.is_file()) / 1e6:.0f} MB")
    many = range(users // 100, 2 * (users // 100))
    gone = sorted({_FIRST, *many})
    before = step("look for what is there", lambda: traces(home, gone, dimension))
    command = [sys.executable, "-c", READER, str(home), str(dimension), str(folder / "end"), str(users)]
    reader = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None and reader.stdout.readline() == "ready\n"
    step("forget one user", lambda: store.forgetting.forget(name(_FIRST), Scope()))
    step(
        f"forget {len(many)} users, deferred",
        lambda: [store.forgetting.forget(name(user), Scope(), defer=True) for user in many if user != _FIRST],
    )
    step("compact", store.forgetting.compact)
    (folder / "end").touch()
    print("searches meanwhile, slowest in seconds:", reader.communicate()[0].strip())
    after = step("look for what is left", lambda: traces(home, gone, dimension))
    proofs = [step("prove one", lambda: store.prove_erasure(name(_FIRST), [file]))]
    proofs += [store.prove_erasure(name(user), [file]) for user in (many[0], many[-1])]
    again = step("load all again", lambda: store.ingest([file])).forgotten
    print(f"{again} rows stay out")
    last = traces(home, gone, dimension)
    print("found before:", before)
    print("found after:", after)
    print("found after loading all again:", last)
    odd = sum(user % 2 for user in gone)
    whole = Traces((len(gone) - odd) * 2, odd * 2, len(gone), len(gone) if STRINGS else 0, len(gone) * 2)
    promises = {
        f"before, all should be found: {whole}": before == whole,
        "words, ids or vectors are left": not any(after),
        "words, ids or vectors came back": not any(last),
        "an erasure is not proved": all(proof.is_clean for proof in proofs),
        "rows came back": again == len(gone) * 2,
        "the searches meanwhile failed": reader.returncode == 0,
        "others are gone": len(store.users()) == users - len(gone),
    }
    store.close()
    return [said for said, kept in promises.items() if not kept]


def step(name: str, do: Callable[[], T]) -> T:
    """Do something and tell how long it took."""
    started = time.perf_counter()
    result = do()
    print(f"{name}: {time.perf_counter() - started:.2f} s", flush=True)
    return result


if __name__ == "__main__":
    main()
