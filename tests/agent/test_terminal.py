import io
import os
import signal
import threading

import pytest

from agent.progress import Step
from agent.terminal import Watch, say, use_utf8, watch_for_sigterm
from retrieval.ingest import IngestReport


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def work(watch: Watch) -> None:
    with watch:
        watch.load("language model", 0, 1_117_000_000)
        watch.load("language model", 1_117_000_000, 1_117_000_000)
        watch.step(Step("draft", 1, 9))
        for read in (256, 9_999, 10_001, 10_002, 20_000):
            watch.rows(IngestReport(read=read))
        for done in range(26):
            watch.items(done, 25)


def test_a_few_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    work(Watch())
    ended = capsys.readouterr()
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "limner: preparing language model (1117 MB), once",
        "limner: 10001 rows",
        "limner: 20000 rows",
        "limner: 10 of 25 requests",
        "limner: 20 of 25 requests",
        "limner: 25 of 25 requests",
    ]


def test_requests_of_unknown_number(capsys: pytest.CaptureFixture[str]) -> None:
    with Watch() as watch:
        for done in range(12):
            watch.items(done, None)
    assert capsys.readouterr().err == "limner: 10 requests\n"


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    work(Watch())
    drawn = terminal.getvalue()
    assert "preparing language model (MB)" in drawn and "1117/1117" in drawn
    assert "draft" in drawn and "rows" in drawn and "25/25" in drawn
    assert capsys.readouterr().out == ""


def test_streams_become_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr("sys.stderr", io.StringIO())
    use_utf8()
    print("张三 \udc80", flush=True)
    say("done")
    assert raw.getvalue() == "张三 \\udc80\n".encode()


def test_sigterm_is_an_interrupt_while_watched() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), watch_for_sigterm():
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_leave_signals_alone() -> None:
    seen: list[object] = []

    def look() -> None:
        with watch_for_sigterm():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]
