"""The page's server: who is let in, what a page is told, and what it can wish."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.view.conftest import PORT
from twins import Twin, UsageError
from twins.cli import main
from twins.frames import from_png
from twins.saved import load
from twins.servers import LOOPBACK as HOST
from twins.servers import listen
from twins.view.client import changed
from twins.view.runner import Runner
from twins.view.server import Server

HERE = f"http://{HOST}:{PORT}"


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    """A browser on this machine."""
    with TestClient(server.app, base_url=HERE) as client:
        yield client


class Page:
    """Our page, put together from what it is told."""

    def __init__(self, line: WebSocketTestSession) -> None:
        self.line = line
        self.board: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.text: dict[str, str] = {}
        self.events: list[Any] = []
        self.errors: list[str] = []
        self.frames: dict[int, npt.NDArray[np.uint8]] = {}
        self.rectangles: list[tuple[int, int, int, int]] = []

    def hear(self) -> None:
        """One message."""
        message = self.line.receive()
        if message.get("bytes") is not None:
            self.see(message["bytes"])
            return
        news = json.loads(message["text"])
        kind = news.pop("kind")
        if kind == "board":
            self.board = news
        elif kind == "state":
            self.values.update(news.pop("values", {}))
            self.state.update(news)
        elif kind == "text":
            before = "" if news["anew"] else self.text.get(news["console"], "")
            self.text[news["console"]] = before + news["text"]
        elif kind == "events":
            self.events += news["events"]
        elif kind == "error":
            self.errors.append(news["text"])

    def see(self, data: bytes) -> None:
        kind, number, x, y, width, height = struct.unpack_from("<BBHHHH", data)
        assert kind == 1
        rectangle = np.frombuffer(data, np.uint8, offset=16).reshape(height, width, 3)
        frame = self.frames.setdefault(number, np.zeros((240, 320, 3), np.uint8))
        frame[y : y + height, x : x + width] = rectangle
        self.rectangles.append((x, y, width, height))

    def wish(self, do: str, **what: Any) -> None:
        self.line.send_json({"do": do, **what})

    def until(self, condition: Any) -> None:
        for _ in range(2000):
            if condition():
                return
            self.hear()
        raise AssertionError("it was not told")


@pytest.fixture
def page(client: TestClient, server: Server) -> Iterator[Page]:
    """Our page, when it has been told how things stand."""
    with client.websocket_connect(f"{server.path}live", headers={"origin": HERE, "host": f"{HOST}:{PORT}"}) as line:
        page = Page(line)
        page.until(lambda: page.text and page.frames and "at" in page.state)
        yield page


def test_the_page_and_its_modules_are_served_with_a_policy(client: TestClient, server: Server) -> None:
    index = client.get(server.path)
    assert index.status_code == 200
    assert "default-src 'none'" in index.headers["content-security-policy"]
    assert index.headers["referrer-policy"] == "no-referrer"
    for name in ("main.js", "view.css", "controls.js", "icon.svg"):
        assert client.get(server.path + name).status_code == 200, name


@pytest.mark.parametrize("path", ["/", "/main.js", "/another-token/", "/another-token/main.js", "/live"])
def test_without_the_token_there_is_nothing(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_files_beside_the_page_are_not_served(client: TestClient, server: Server) -> None:
    for path in ("../server.py", "%2e%2e/server.py", "..%2fserver.py"):
        assert client.get(server.path + path).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"host": f"evil.example:{PORT}"},  # a name that resolves to 127.0.0.1 (DNS rebinding)
        {"host": f"{HOST}:{PORT + 1}"},
        {"host": HOST},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_pages_of_others_are_refused(client: TestClient, server: Server, headers: dict[str, str]) -> None:
    assert client.get(server.path, headers=headers).status_code == 403
    ours = {"host": f"{HOST}:{PORT}", "origin": HERE}
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(f"{server.path}live", headers={**ours, **headers}),
    ):
        pass
    assert refused.value.code == 1008


def test_a_web_socket_without_an_origin_is_refused(client: TestClient, server: Server) -> None:
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(f"{server.path}live", headers={"host": f"{HOST}:{PORT}"}),
    ):
        pass


def test_tokens_differ_and_are_long(runner: Runner) -> None:
    tokens = {Server(runner, PORT).token for _ in range(3)}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 32


def test_it_listens_on_this_machine_alone() -> None:
    with listen(0, "the page") as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        with pytest.raises(UsageError, match=r"no such port: 1 to 65535"):
            listen(70_000, "the page")


def test_a_page_is_told_the_board_and_how_it_stands(page: Page, runner: Runner) -> None:
    assert page.board["name"] == "media_controller"
    kinds = {part["name"]: [control["kind"] for control in part["controls"]] for part in page.board["parts"]}
    assert kinds == {"lcd": ["picture"], "knob": ["turn", "hold"], "battery": ["slide"]}
    assert page.text["uart0"].endswith("ready\r\n")
    assert np.array_equal(page.frames[0], runner.look().frames["lcd"])
    assert page.rectangles == [(0, 0, 320, 240)]
    assert page.state["running"] is False
    assert page.values["battery/0"]["value"] == pytest.approx(0.3333)


def test_a_turn_of_the_knob_sends_what_has_changed_of_the_picture(page: Page, runner: Runner) -> None:
    page.wish("act", part="knob", method="turn", args=[3])
    page.wish("step", time="500ms")
    page.until(lambda: page.text["uart0"].endswith("volume 43\r\n") and len(page.rectangles) > 1)
    assert np.array_equal(page.frames[0], runner.look().frames["lcd"])
    assert all(width * height < 320 * 240 / 2 for _, _, width, height in page.rectangles[1:])
    assert page.values["knob/0"]["value"] == 3


def test_moments_are_saved_gone_to_and_fetched(page: Page, client: TestClient, server: Server, tmp_path: Path) -> None:
    page.wish("save")
    page.until(lambda: page.state["saved"])
    ((number, at),) = page.state["saved"]
    page.wish("step", time="100ms")
    page.until(lambda: page.state["at"] > at)
    page.wish("restore", number=number)
    page.until(lambda: page.state["at"] == at)
    fetched = client.get(f"{server.path}saved/{number}.twin")
    (tmp_path / "fetched.twin").write_bytes(fetched.content)
    twin = load(tmp_path / "fetched.twin").restored()
    assert twin.time.seconds == pytest.approx(at)
    assert client.get(f"{server.path}saved/7.twin").status_code == 404


def test_a_picture_is_fetched_as_png(client: TestClient, server: Server, runner: Runner) -> None:
    fetched = client.get(f"{server.path}picture/lcd.png")
    assert fetched.headers["content-type"] == "image/png"
    assert np.array_equal(from_png(fetched.content), runner.look().frames["lcd"])
    assert client.get(f"{server.path}picture/knob.png").status_code == 404


def test_the_script_is_fetched(page: Page, client: TestClient, server: Server) -> None:
    page.wish("act", part="knob", method="turn", args=[-2])
    page.until(lambda: page.state["recorded"] == 1)
    assert "- turn: {knob: -2}\n" in client.get(f"{server.path}script.yaml").text


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"do": "fly"}, "a page cannot wish 'fly'"),
        ({"do": "act", "part": "knob", "method": "state"}, "'knob' has no control that does 'state'"),
        ({"do": "act"}, "is not understood"),
        ({"do": "step", "time": "soon"}, "'soon' is no time"),
        ({"do": "step", "time": "1000h"}, "60s at the most"),
        ({"do": "pace", "pace": -1}, "a pace of -1.0"),
        ({"do": "restore", "number": "x"}, "is not understood"),
        ({"do": "type", "console": "uart7", "text": "x"}, "has no console 'uart7'"),
        ([1], "expected an object"),
    ],
)
def test_what_is_wrong_with_a_wish_is_said(page: Page, wish: Any, said: str) -> None:
    page.line.send_json(wish)
    page.until(lambda: page.errors)
    assert said in page.errors[0]


def test_what_is_typed_arrives(page: Page, runner: Runner) -> None:
    page.wish("type", console="uart0", text="hello\r")
    page.until(lambda: page.state["recorded"] == 1)
    assert runner.do(lambda: runner.recorder.steps[-1][1]).result() == 'type: {uart0: "hello\\r"}'


def test_pictures_are_made_only_while_a_page_looks(client: TestClient, server: Server, runner: Runner) -> None:
    assert not runner.watched
    headers = {"origin": HERE, "host": f"{HOST}:{PORT}"}
    with client.websocket_connect(f"{server.path}live", headers=headers) as line:
        line.receive()
        assert runner.watched


def test_the_rectangle_of_what_differs_is_found() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        before = rng.integers(0, 255, (24, 36, 3), np.uint8)
        after = before.copy()
        y, x, height, width = rng.integers(0, 20), rng.integers(0, 30), rng.integers(1, 4), rng.integers(1, 6)
        after[y : y + height, x : x + width] ^= 1
        assert changed(before, after) == (x, y, width, height)


def test_bad_arguments_of_the_command_are_said(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", "pico", str(images / "idle.uf2"), "--pace", "fast"]) == 2
    assert "--pace 'fast': expected a number such as 1 or 0.5, or max" in capsys.readouterr().err
    assert main(["view", "nothing", str(images / "idle.uf2")]) == 2
    assert main(["view", "pico", str(images / "idle.uf2"), "--port", "70000"]) == 2
    assert "no such port" in capsys.readouterr().err


def test_the_runner_of_a_fork_is_its_own(media_controller: Twin, runner: Runner) -> None:
    runner.do(lambda: runner.listen(True)).result()
    assert media_controller.fork().bus_listeners == []
