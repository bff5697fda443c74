"""The page in Chromium: what a person sees and does, with mouse, keyboard and on a phone."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twins import Twin
from twins.frames import from_png, load_picture

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OUT = Path("out/view")

sync_api = pytest.importorskip("playwright.sync_api", reason="NO PAGE TESTS: playwright is not installed")
Page = Any


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium of this machine; `tools/setup.sh browser` installs one, and CI must have it."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: tools/setup.sh browser installs it")
        pytest.skip("NO PAGE TESTS: no Chromium is on PATH: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        # Root has no sandbox in a container; the page is ours.
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=path, args=options)
        yield opened
        opened.close()


Viewed = Callable[..., str]


@pytest.fixture
def viewed() -> Iterator[Viewed]:
    """Starts ``twins view``, or a program of somebody's own, and gives the address that it prints."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, program: str = "") -> str:
        command = [sys.executable, *(["-c", program] if program else ["-m", "twins", "view"]), *map(str, arguments)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            address = re.search(r"http://127\.0\.0\.1:\d+/\S{32,}/", line)
            if address:
                return address[0]
        raise AssertionError("twins view has ended without a page")

    yield start
    for process in running:
        process.terminate()
        assert process.wait(20) in (0, -15)
        assert process.stderr is not None
        rest = process.stderr.read()
        process.stderr.close()
        assert "Traceback" not in rest, rest


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Page]]:
    """Opens a page; whatever it complains about in its console fails the test."""
    contexts, complaints = [], []

    def open_page(address: str, width: int = 1280, height: int = 900, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def pixels(page: Page) -> Any:
    """What the canvas of the first display holds."""
    data = page.evaluate("document.querySelector('figure.pixels canvas').toDataURL()")
    return from_png(base64.b64decode(data.partition(",")[2]))


def holds(page: Page, condition: str) -> None:
    """Waits for a condition; Playwright's own waiting evaluates texts in the page, which its policy forbids."""
    end = time.monotonic() + 30
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(30)


def ready(page: Page) -> None:
    page.get_by_role("log").filter(has_text="ready").wait_for()


@pytest.fixture
def controller(viewed: Viewed, opened: Callable[..., Page], images: Path) -> Page:
    """The page of a media controller that runs."""
    page = opened(viewed("media_controller", images / "media_controller.uf2"))
    ready(page)
    return page


def test_the_knob_turned_in_the_page_changes_the_picture(controller: Page, media_controller: Twin) -> None:
    """A twin without a page shows the same, pixel by pixel."""
    page = controller
    page.get_by_role("button", name="Pause").wait_for()
    page.wait_for_timeout(500)
    before = pixels(page)
    assert before.shape == (240, 320, 3)
    assert np.array_equal(before, media_controller.lcd.frame)
    knob = page.get_by_role("spinbutton", name="knob")
    knob.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.get_by_role("log").filter(has_text="volume 43").wait_for()
    assert knob.get_attribute("aria-valuenow") == "3"
    page.wait_for_timeout(500)
    after = pixels(page)
    assert not np.array_equal(before, after)
    media_controller.knob.turn(3)
    media_controller.run("1s")
    assert np.array_equal(after, media_controller.lcd.frame)


def test_the_knob_is_dragged_round_with_the_mouse(controller: Page) -> None:
    page = controller
    box = page.locator(".knob").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y - 30)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=12)  # a quarter of 20 detents
    page.mouse.up()
    page.get_by_role("log").filter(has_text="volume 45").wait_for()


def test_everything_can_be_reached_and_done_from_the_keyboard(controller: Page) -> None:
    page = controller
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(document.activeElement.getAttribute('aria-label') || document.activeElement.id || '')")
        )
    text = " ".join(reached)
    order = [
        text.index(name) for name in ("run", "pace", "knob: turn", "knob: push", "battery", "Type on uart0", "save")
    ]
    assert order == sorted(order)
    page.get_by_role("button", name="knob: push").focus()
    page.keyboard.down(" ")
    holds(page, "document.querySelector('.key').getAttribute('aria-pressed') === 'true'")
    page.keyboard.up(" ")
    holds(page, "document.querySelector('.key').getAttribute('aria-pressed') === 'false'")
    page.get_by_role("log").filter(has_text="play").wait_for()
    page.get_by_role("slider", name="battery").focus()
    page.keyboard.press("End")
    page.get_by_role("log").filter(has_text=re.compile("battery (9|100)")).wait_for()
    page.keyboard.press("Alt+p")
    page.get_by_role("button", name="Run").wait_for()


def test_it_stands_steps_saves_and_goes_back(controller: Page) -> None:
    page = controller
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("standing").wait_for()
    page.get_by_role("button", name="Save this moment").click()
    back = page.get_by_role("button", name=re.compile("^Go to"))
    back.wait_for()
    saved = page.locator("#time").inner_text()
    page.get_by_label("How far a step goes").select_option("100ms")
    page.get_by_role("button", name="Step").click()
    holds(page, f"document.querySelector('#time').textContent !== '{saved}'")
    back.click()
    holds(page, f"document.querySelector('#time').textContent === '{saved}'")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Save picture").click()
    assert np.array_equal(load_picture(fetched.value.path()), pixels(page))
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download script").click()
    assert fetched.value.path().read_text().startswith("board: media_controller\nimage: ")


def test_the_transfers_are_listed_while_the_list_is_open(controller: Page) -> None:
    page = controller
    page.get_by_text("Buses and radio").click()
    page.locator(".knob").focus()
    page.keyboard.press("ArrowUp")
    page.get_by_role("cell", name=re.compile(r"^\[2A\]")).first.wait_for()
    assert page.locator("#events-rows tr").first.locator("td").nth(1).inner_text() == "SPI"


LAMP_AND_REMOTE = """
import sys
from twins import Twin
from twins.radio import EspNowPeer
from twins.view import show
from twins.world import World

class Remote(EspNowPeer):
    def begin(self):
        self.after("900ms", self.ask)

    def ask(self):
        self.send("7c:df:a1:00:01:6f", b"hello")
        self.after("100ms", self.ask)

world = World(seed=1)
lamp = Twin("jinny_lamp", image=sys.argv[1], elf=sys.argv[2], mac="7c:df:a1:00:01:6f")
world.add(lamp, name="lamp")
world.add(Remote("7c:df:a1:00:09:09", channel=1), name="remote", at=(3, 0))
show(lamp)
"""


def test_frames_on_the_air_are_listed_beside_the_buses(
    viewed: Viewed, opened: Callable[..., Page], images: Path
) -> None:
    address = viewed(images / "jinny_lamp.bin", images / "jinny_lamp.elf", program=LAMP_AND_REMOTE)
    page = opened(address)
    page.get_by_text("Buses and radio").click()
    heard = page.get_by_role("cell", name="7c:df:a1:00:09:09 > 7c:df:a1:00:01:6f, 5 bytes: 68 65 6C 6C 6F → lamp")
    heard.first.wait_for()
    page.locator("#events-part").select_option("remote")
    holds(page, "document.querySelectorAll('#events-rows tr:not([hidden])').length > 2")
    cells = page.locator("#events-rows tr:not([hidden])").first.locator("td")
    assert cells.nth(1).inner_text() == "radio 1"
    assert cells.nth(2).inner_text() == "remote"
    page.get_by_role("button", name="Power cycle").click()
    page.get_by_role("log").filter(has_text="power: on").wait_for()
    page.get_by_role("button", name="Clear").click()
    heard.first.wait_for()


def test_a_crash_is_said_clearly(viewed: Viewed, opened: Callable[..., Page], tmp_path: Path) -> None:
    blank = tmp_path / "blank.bin"
    blank.write_bytes(b"\xff" * 4096)
    page = opened(viewed("pico", blank))
    alert = page.get_by_role("alert")
    alert.get_by_text("The firmware has crashed").wait_for()
    assert "the firmware stopped at" in alert.inner_text()
    assert page.get_by_role("button", name="Run").is_visible()


def test_on_a_phone_nothing_is_cut_off(viewed: Viewed, opened: Callable[..., Page], images: Path) -> None:
    address = viewed("jinny_lamp", images / "s3_idle.bin")
    for width, scheme in ((390, "dark"), (320, "light")):
        page = opened(address, width, 800, color_scheme=scheme, has_touch=True)
        page.get_by_role("slider", name="voice").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        right = page.evaluate(
            "Math.max(...[...document.querySelectorAll('button, select, canvas, input, a')]"
            ".filter((item) => item.offsetParent).map((item) => item.getBoundingClientRect().right))"
        )
        assert right <= width
        OUT.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=OUT / f"phone-{width}-{scheme}.png", full_page=True)


TOUCH_BOARD = """
name = "panel"
chip = "rp2040"
flash = "2MB"
[parts.lcd]
type = "ST7789"
rotation = 90
sck = "GPIO16"
mosi = "GPIO17"
cs = "GPIO20"
dc = "GPIO19"
rst = "GPIO18"
[parts.glass]
type = "FT5x06"
sda = "GPIO4"
scl = "GPIO5"
[parts.led]
type = "Led"
pin = "GPIO25"
[parts.pad]
type = "TTP223"
out = "GPIO6"
[consoles]
uart0 = { tx = "GPIO0", rx = "GPIO1" }
"""


def test_a_finger_on_the_display_touches_the_panel_below_it(
    viewed: Viewed, opened: Callable[..., Page], images: Path, tmp_path: Path
) -> None:
    (tmp_path / "panel.toml").write_text(TOUCH_BOARD)
    page = opened(viewed(tmp_path / "panel.toml", images / "media_controller.uf2"))
    glass = page.get_by_role("application", name="glass")
    glass.wait_for()
    box = glass.bounding_box()
    page.mouse.click(box["x"] + box["width"] * (80.5 / 320), box["y"] + box["height"] * (60.5 / 240))
    holds(page, "document.querySelector('#recorded').textContent.includes('2 steps')")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Download script").click()
    # The panel is 240 wide and mounted turned left: its x counts from the picture's lower edge, its y from the left.
    assert "- touch: {glass: [179, 80]}\n" in fetched.value.path().read_text()
