"""Twins whose processors are at the other end of a bridge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from bridge_client import Client, Player, Program

from twins import Twin, _engine
from twins.engines.renode.server import Server


class Lent:
    """A native engine whose time passes at the other end of a bridge."""

    def __init__(self, chip: _engine.Engine, server: Server) -> None:
        self.chip, self.server = chip, server

    def run(self, until: int, on: bool = False) -> tuple[str, int, int, str]:
        return self.server.run(until, on)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.chip, name)


@contextmanager
def connected(
    chip: _engine.Engine, name: str, program: Program, *, unix: bool = True
) -> Iterator[tuple[Server, Client]]:
    """A server for a chip and a client that plays a program, behind their greeting."""
    players: list[Player] = []

    class Mover:
        def move(self, until: int) -> None:
            players[0].move(until)

    with Server(chip, Mover(), unix=unix) as server:
        clients: list[Client] = []

        def connect() -> None:
            clients.append(Client(server.address, server.token, name))
            clients[0].hello()

        thread = Thread(target=connect)
        thread.start()
        server.accept(20)
        thread.join()
        players.append(Player(clients[0], program))
        try:
            yield server, clients[0]
        finally:
            clients[0].close()


@contextmanager
def lent(twin: Twin, program: Program) -> Iterator[Client]:
    """The twin's processors are a program at the other end of a bridge, as long as the block lasts."""
    chip = twin._engine
    assert isinstance(chip, _engine.Engine)
    with connected(chip, twin.board.chip.name, program) as (server, client):
        twin._engine = Lent(chip, server)
        yield client
