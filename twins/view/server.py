"""The page's server: on 127.0.0.1 alone, behind a token that nobody can guess.

A page of somebody else's in the same browser must not reach the twin: the token is in the path, the Host header must
name this machine (a foreign name that resolves to 127.0.0.1 is refused), and a web socket is opened by our page alone
(its Origin). Only methods that a part's controls name can be called.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from twins.errors import TwinError, UsageError
from twins.frames import png
from twins.saved import save
from twins.servers import LOOPBACK, listen
from twins.twin import Twin
from twins.view.client import Client
from twins.view.runner import Runner

log = logging.getLogger("twins")

NAMES = (LOOPBACK, "localhost")
STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class OurPageAlone:
    """Refuses what does not come from our page on this machine."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in NAMES} | (set(NAMES) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Looks at Host and Origin."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = HTTPConnection(scope).headers
        host, origin = headers.get("host", ""), headers.get("origin")
        ours = origin == f"http://{host}" or (origin is None and scope["type"] == "http")
        if host in self._hosts and ours:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "this is no page of the twin's"})
        else:
            await PlainTextResponse("this is no page of the twin's\n", 403)(scope, receive, send)


def _with_headers(send: Send) -> Send:
    async def sends(message: Any) -> None:
        if message["type"] == "http.response.start":
            extra = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sends


class Server:
    """The page of a runner.

    Args:
        runner: whose page it is.
        port: of 127.0.0.1; only this one is answered as Host.
        token: what the path begins with; a random one without it.

    Attributes:
        app: the ASGI application.
        pictures: how many pictures were sent to all pages.
    """

    def __init__(self, runner: Runner, port: int, token: str | None = None) -> None:
        self.runner = runner
        self.token = token or secrets.token_urlsafe(24)
        self.path = f"/{self.token}/"
        self.pictures = 0
        self._pages: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        runner.changed = self._changed
        runner.watched = False
        inside = [
            WebSocketRoute("/live", self._live),
            Route("/picture/{part}.png", self._picture),
            Route("/script.yaml", self._script),
            Route("/saved/{number:int}.twin", self._saved),
            Mount("/", StaticFiles(directory=STATIC, html=True)),
        ]
        routes = [Mount(f"/{self.token}", routes=inside), Route("/{anything:path}", _closed)]
        self.app: ASGIApp = OurPageAlone(Starlette(routes=routes), port)

    # What is new, from the twin's thread to every page

    def _changed(self) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for page in self._pages:
            page.set()

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        self._loop = asyncio.get_running_loop()
        news = asyncio.Event()
        news.set()
        self._pages.add(news)
        self.runner.watched = True
        await asyncio.wrap_future(self.runner.do(lambda: None))
        telling = asyncio.create_task(self._tell(socket, news))
        try:
            while True:
                await self._hear(socket, await socket.receive_json())
                news.set()
        except (WebSocketDisconnect, ValueError):
            pass
        finally:
            telling.cancel()
            self._pages.discard(news)
            self.runner.watched = bool(self._pages)

    async def _tell(self, socket: WebSocket, news: asyncio.Event) -> None:
        client = Client(self.runner, socket)
        try:
            await client.greet()
            while True:
                await news.wait()
                news.clear()
                self.pictures += await client.tell(self.runner.seen)
        except WebSocketDisconnect:  # it went while it was told
            return
        except RuntimeError:
            if socket.client_state is WebSocketState.CONNECTED is socket.application_state:
                log.exception("a page is told nothing more")

    # What a page wants

    async def _hear(self, socket: WebSocket, wish: Any) -> None:
        """Something that a person does; what is wrong with it is said to that page."""
        try:
            if not isinstance(wish, dict):
                raise UsageError(f"expected an object, found {wish!r}")
            act = WISHES.get(str(wish.get("do")))
            if act is None:
                raise UsageError(f"a page cannot wish {wish.get('do')!r}")
            await asyncio.wrap_future(self.runner.do(lambda: act(self.runner, wish)))
        except (TwinError, KeyError, TypeError, ValueError, AttributeError) as error:
            words = str(error) if isinstance(error, TwinError) else f"{wish!r} is not understood"
            await socket.send_json({"kind": "error", "text": words})

    # What a page fetches

    async def _picture(self, request: Request) -> Response:
        part = request.path_params["part"]
        seen = await asyncio.to_thread(self._fresh)
        if part not in seen.frames:
            return PlainTextResponse(f"no picture of {part!r}\n", 404)
        return _download(png(seen.frames[part]), "image/png", f"{part}.png")

    def _fresh(self) -> Any:
        was, self.runner.watched = self.runner.watched, True
        try:
            return self.runner.look()
        finally:
            self.runner.watched = was or bool(self._pages)

    async def _script(self, _: Request) -> Response:
        text = await asyncio.wrap_future(self.runner.do(self.runner.recorder.text))
        return _download(text.encode(), "application/yaml", f"{self.runner.twin.board.name}.yaml")

    async def _saved(self, request: Request) -> Response:
        number = request.path_params["number"]
        try:
            saved = await asyncio.wrap_future(self.runner.do(lambda: self.runner.saved(number)))
            with tempfile.TemporaryDirectory() as folder:
                path = await asyncio.to_thread(save, saved.snapshot, Path(folder) / "saved.twin")
                data = path.read_bytes()
        except UsageError as error:
            return PlainTextResponse(f"{error}\n", 404)
        return _download(data, "application/octet-stream", f"{self.runner.twin.board.name}-{number}.twin")


def _act(runner: Runner, wish: dict[str, Any]) -> None:
    runner.act(str(wish["part"]), str(wish["method"]), *wish.get("args", ()))


def _hold(runner: Runner, wish: dict[str, Any]) -> None:
    runner.hold(str(wish["part"]), str(wish["down"]), str(wish["up"]), bool(wish["on"]), *wish.get("args", ()))


def _step(runner: Runner, wish: dict[str, Any]) -> None:
    if wish.get("time") == "picture":
        runner.step_to_picture()
    else:
        runner.step(str(wish["time"]))


WISHES: dict[str, Callable[[Runner, dict[str, Any]], Any]] = {
    "act": _act,
    "hold": _hold,
    "type": lambda runner, wish: runner.type(str(wish["console"]), str(wish["text"])),
    "go": lambda runner, _: runner.go(),
    "pause": lambda runner, _: runner.pause(),
    "step": _step,
    "pace": lambda runner, wish: runner.set_pace(None if wish["pace"] is None else float(wish["pace"])),
    "reset": lambda runner, _: runner.reset(),
    "power": lambda runner, _: runner.power_cycle(),
    "save": lambda runner, _: runner.save(),
    "restore": lambda runner, wish: runner.restore(int(wish["number"])),
    "listen": lambda runner, wish: runner.listen(bool(wish["on"])),
}
"""What a page can wish, by its word."""


async def _closed(_: Request) -> Response:
    return PlainTextResponse("the address of the page is the one that `twins view` has printed\n", 404)


def _download(data: bytes, kind: str, name: str) -> Response:
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def config(server: Server) -> uvicorn.Config:
    """How uvicorn serves it. Pictures are not compressed: they go no farther than this machine."""
    return uvicorn.Config(
        server.app,
        log_level="error",
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


async def serve(runner: Runner, port: int = 0, ready: Callable[[str], None] | None = None) -> None:
    """Runs the twin and serves its page until interrupted; `ready` is told the page's address."""
    listener = listen(port, "the page")
    taken: int = listener.getsockname()[1]
    server = Server(runner, taken)
    runner.start()
    if ready is not None:
        ready(f"http://{LOOPBACK}:{taken}{server.path}")
    await uvicorn.Server(config(server)).serve(sockets=[listener])


def show(twin: Twin, port: int = 0, *, pace: float | None = 1.0, running: bool = True, browser: bool = False) -> None:
    """Serves the page of a twin until somebody interrupts, and says where it is; closes the twin.

    Where the twin is in a world, all in it run, and the page lists what is on the air.
    """
    runner = Runner(twin, pace=pace, running=running)

    def ready(address: str) -> None:
        print(f"twins: the page is at {address} until Ctrl-C", file=sys.stderr, flush=True)
        if browser:
            webbrowser.open(address)

    try:
        asyncio.run(serve(runner, port, ready))
    except KeyboardInterrupt:
        return
    finally:
        runner.close()
