"""Makes the screenshots of docs/console.md: the console over a store with real profiles, in a real browser.

    make demo                       # its store, .demo, has profiles of sofia and 周立
    python -m benchmarks.screenshots STORE docs/screenshots

The store is copied first. ``changes-zh`` shows what a second version changed, where there is one. With ``--model`` the
shots that need the language model are made, too: an answer, and why.
"""

import argparse
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from agent import Limner
from agent.api import ApiSettings, create_app
from agent.service import Service

ARGUMENTS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
ZHOU: Final = quote("周立")


class Shot(NamedTuple):
    """A page to be shown: its name and path, what is clicked, the language, the theme, the size of the window.

    ``part``: a selector of what alone is shown.
    """

    name: str
    path: str
    click: str | None = None
    language: str = "en-GB"
    theme: str = "light"
    width: int = 1280
    height: int = 900
    part: str | None = None


SHOTS: Final = (
    Shot("customers-en", ""),
    Shot("customers-zh", "", None, "zh-CN"),
    Shot("customer-en", "/customer?user=sofia&schema=customer", height=1150),
    Shot("customer-zh-dark", f"/customer?user={ZHOU}&schema=person", None, "zh-CN", "dark", height=1150),
    Shot("customer-en-phone", "/customer?user=sofia&schema=customer", None, "en-GB", "light", 360, 780),
    Shot("customer-zh-phone-dark", f"/customer?user={ZHOU}&schema=person", None, "zh-CN", "dark", 360, 780),
    Shot("footnote-en", "/customer?user=sofia&schema=customer", "[data-role=issues] a.mark"),
    Shot("footnote-zh", f"/customer?user={ZHOU}&schema=person", "[data-role=wants] a.mark", "zh-CN"),
    Shot("correct-en", "/customer?user=sofia&schema=customer", "[data-role=issues] a.act"),
    Shot("correct-zh", f"/customer?user={ZHOU}&schema=person", "[data-role=issues] a.act", "zh-CN"),
    Shot("history-en", "/messages?user=sofia"),
    Shot("history-zh", f"/messages?user={ZHOU}", None, "zh-CN"),
    Shot("timeline-en", "/timeline?user=sofia&schema=customer", width=900, height=1100),
    Shot("timeline-zh-phone", f"/timeline?user={ZHOU}&schema=person", None, "zh-CN", "light", 360, 780),
    Shot("chart-en", "/customer?user=sofia&schema=customer", part="aside"),
    Shot("chart-zh", f"/customer?user={ZHOU}&schema=person", None, "zh-CN", part="aside"),
    Shot("changes-en", f"/versions?user={ZHOU}&schema=person", width=900, height=900),
    Shot("changes-zh", f"/versions?user={ZHOU}&schema=person", None, "zh-CN", width=900, height=900),
    Shot("sheet-en", "/sheet?user=sofia&schema=customer", width=900, height=1100),
    Shot("sheet-zh", f"/sheet?user={ZHOU}&schema=person", None, "zh-CN", width=900, height=1100),
    Shot("erase-en", "/erase?user=sofia", width=900, height=600),
    Shot("erase-zh", f"/erase?user={ZHOU}", None, "zh-CN", width=900, height=600),
    Shot("schemas-en", "/schemas?show=customer", width=900, height=900),
    Shot("schemas-zh", "/schemas?show=person", None, "zh-CN", width=900, height=900),
)
WITH_MODEL: Final = (
    ("ask", "sofia", "What was wrong with the bicycle?", "en-GB", "customer"),
    ("ask", "周立", "他报名了什么课程？", "zh-CN", "person"),
    ("why", "sofia", "/recent_issues/0", "en-GB", "customer"),
    ("why", "周立", "/interests/0", "zh-CN", "person"),
)


def main() -> None:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", action="store_true", help="also those that need the language model")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        shutil.copytree(given.store, store)
        with Limner(store) as limner, _served(Service(limner, store)) as (base, service):
            jobs = [*_jobs(service)] if given.model else []
            _shoot(given.chromium, base, [*SHOTS, *jobs], given.out)


def _jobs(service: Service) -> Iterator[Shot]:
    for kind, user, about, language, schema in WITH_MODEL:
        if kind == "ask":
            job = service.ask("default", user, about)
        else:
            job = service.explain("default", user, about, service.schemas.get("default", schema))
        job.wait()
        height = 240 if kind == "ask" else 900
        yield Shot(f"{kind}-{language[:2]}", f"/job?id={job.job_id}", None, language, width=900, height=height)


def _shoot(chromium: str, base: str, shots: list[Shot], out: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        for shot in shots:
            window = {"width": shot.width, "height": shot.height}
            theme = "dark" if shot.theme == "dark" else "light"
            context = browser.new_context(viewport=window, locale=shot.language, color_scheme=theme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(f"{base}/console{shot.path}")
            if shot.click:
                page.locator(shot.click).first.click()
                page.locator("#panel [data-part]").wait_for()
                page.wait_for_timeout(300)
            shown = page if shot.part is None else page.locator(shot.part).first
            shown.screenshot(path=out / f"{shot.name}.png")
            context.close()
        browser.close()
    _shrink(out)


def _shrink(out: Path) -> None:
    """256 colours are enough for pages, and a third of the bytes."""
    from PIL import Image

    for file in out.glob("*.png"):
        with Image.open(file) as image:
            image.convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
                file, optimize=True
            )


@contextmanager
def _served(service: Service) -> Iterator[tuple[str, Service]]:
    import uvicorn

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(service, ApiSettings(dev=True)), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", service
    server.should_exit = True
    thread.join(10)


if __name__ == "__main__":
    main()
