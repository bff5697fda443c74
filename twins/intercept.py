"""Functions of the firmware, seen and replaced by name.

``twin.intercept("esp_now_send", handler, args=("ptr", "ptr", "u32"))`` calls the handler when a core enters the
function, before its first instruction. The handler is given a `Call` and the arguments, typed as `args`
says, and decides:

- it returns a number, or None for 0: the function returns that to its caller, and its body is not executed;
- it returns `CONTINUE`, which is also what ``call.resume()`` gives: the body is executed;
- it returns what ``call.guest(function, ...)`` gives: the firmware runs that function first, then its `then` decides;
- it raises: the error comes out of ``twin.run`` with a note that names the function. The body is executed when the run
  goes on.

With ``watch=True`` the body is executed whatever the handler returns.

>>> from twins import Twin
>>> with Twin("pico", image="firmware/images/media_controller.elf") as pico:
...     seen = pico.intercept("clocks_init", lambda call: print(call.name, "from", call.caller), watch=True)
...     pico.run("50ms"); seen.calls
clocks_init from main+0x12
1

Types are ``u8 i8 u16 i16 u32 i32 bool``, ``u64 i64``, ``float double``, ``ptr`` (a `Pointer`) and ``cstr`` (a str, None
for NULL). Further arguments of a variadic function are read by ``call.next("u32")``; a structure passed by value
is so many words.

The other way round, ``twin.call("function", 1, 2)`` has the firmware run one of its functions now, and
``twin.call_soon`` at the next moment that suits. It runs in the context of the program that the core happens to
execute, with a frame on its stack that keeps all registers, as a debugger does it:
docs/records/0010-functions-by-symbol.md says what that allows.

A function that the compiler has inlined is not entered, and of two static functions of one name only one is known.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from twins.abi import TYPES, Pointer, Value, cycles, type_of, value_of, words_of
from twins.errors import Timeout, UsageError
from twins.memory import Address
from twins.units import Duration, Time, ps

if TYPE_CHECKING:
    from twins.twin import Twin

log = logging.getLogger("twins")

_LOOKS: Final = 10_000_000
"""How often (ps) a core is looked at while a call waits for it."""
_PATIENCE: Final = 1_000_000_000
"""How long (ps) a call waits for a core to be idle before it interrupts what the core does."""
_FAR: Final = 1 << 62


class _Continue:
    def __repr__(self) -> str:
        return "CONTINUE"


CONTINUE: Final = _Continue()
"""What a handler returns to have the body of the function executed."""

Argument = Value | Pointer | str | None
Handler = Callable[..., Any]


@dataclass(frozen=True)
class Guest:
    """A function of the firmware that is to run: what ``call.guest`` gives a handler to return."""

    function: int
    words: tuple[int, ...]
    returns: str
    then: Any
    stack: int | None = None


@dataclass(frozen=True)
class _PartMethod:
    """A handler that is a method of a part: a fork has its own."""

    part: str
    method: str


def _is_there(twin: Twin, handler: Any) -> bool:
    return not isinstance(handler, _PartMethod) or handler.part in twin.parts


def _portable(twin: Twin, handler: Any) -> Any:
    owner = getattr(handler, "__self__", None)
    for label, part in twin.parts.items():
        if part is owner:
            return _PartMethod(label, handler.__name__)
    return handler


def _bound(twin: Twin, handler: Any) -> Handler:
    if isinstance(handler, _PartMethod):
        found: Handler = getattr(twin.parts[handler.part], handler.method)
        return found
    callable_: Handler = handler
    return callable_


@dataclass
class Intercept:
    """A function that somebody stands in for, as `Twin.intercept` gives it. A fork has its own in `Twin.intercepts`.

    >>> from twins import Twin
    >>> with Twin("pico", image="firmware/images/media_controller.elf") as pico:
    ...     seen = pico.intercept("clocks_init", lambda call: None, watch=True); pico.run("50ms")
    ...     seen.remove(); seen.name, seen.calls, list(pico.intercepts)
    ('clocks_init', 1, [])
    """

    name: str
    address: int
    handler: Any
    args: tuple[str, ...]
    returns: str
    cost: Time | int
    watch: bool
    calls: int = 0
    """How often it was entered."""
    _owner: Functions | None = field(default=None, repr=False, compare=False)

    def remove(self) -> None:
        """The function is the firmware's own again."""
        if self._owner is not None:
            self._owner.remove(self)


class Call:
    """A function that a core is about to enter.

    Attributes:
        twin: the twin, for handlers that several share.
        name: the function's name.
        core: which core.
        args: the arguments that `Twin.intercept` declared.
    """

    def __init__(self, twin: Twin, intercept: Intercept, core: int) -> None:
        self.twin = twin
        self.name = intercept.name
        self.core = core
        self._engine = twin.engine
        self._words, self._stack, self._back = self._engine.arguments(core)
        self._next = 0
        self.spent = 0
        self.args: tuple[Argument, ...] = tuple(self.next(name) for name in intercept.args)

    def next(self, name: str) -> Argument:
        """The next argument, for those of a variadic function."""
        words = self._take(type_of(name).words)
        if name == "ptr":
            return Pointer(self.twin, words[0])
        if name == "cstr":
            return Pointer(self.twin, words[0]).cstring().decode(errors="backslashreplace") if words[0] else None
        return value_of(name, words)

    def _take(self, count: int) -> list[int]:
        # AAPCS32 6.5 (C.3, C.4, C.6) and gcc's `xtensa_function_arg`: an even word first; never half in registers.
        at = (self._next + count - 1) // count * count
        in_registers = len(self._words)
        if at < in_registers < at + count:
            at = in_registers
        self._next = at + count
        if at < in_registers:
            return self._words[at : at + count]
        data = self.twin.memory.read(self._stack + 4 * (at - in_registers), 4 * count)
        return [word for (word,) in struct.iter_unpack("<I", data)]

    @property
    def now(self) -> int:
        """The moment (ps since power-on) that the core has reached."""
        return self.twin.now

    @property
    def time(self) -> Duration:
        """The same as a `Duration`."""
        return Duration(self.twin.now)

    @property
    def return_address(self) -> int:
        """Where the function returns to."""
        return self._back

    @property
    def caller(self) -> str:
        """The function that calls, with the offset behind the call: ``main+0x12``."""
        return self.twin.symbols.name(self._back)

    def pointer(self, where: Address, size: int | None = None) -> Pointer:
        """A place in memory by address or symbol."""
        return Pointer(self.twin, self.twin.memory.address(where), size)

    def resume(self) -> _Continue:
        """What to return so that the body of the function is executed."""
        return CONTINUE

    def spend(self, cost: Time | int) -> None:
        """The call takes so many cycles of the processor (int), or this time, beside the cost that was declared."""
        self.spent += cycles(cost, self._engine.cpu_clock)

    def guest(
        self,
        function: Address,
        *args: Any,
        types: Sequence[str] | None = None,
        returns: str = "i32",
        then: Handler | None = None,
        stack: int | None = None,
    ) -> Guest:
        """What to return so that the firmware runs a function first, in the context of this call.

        When it has come back, ``then(call, result)`` decides like a handler, and may return ``call.guest(...)`` again;
        without `then` its result is the call's. `types` are those of the arguments, words without it.
        """
        return self.twin.functions.guest(function, args, types, returns, then, stack)

    def __repr__(self) -> str:
        return f"<Call of {self.name} on core {self.core} from {self.caller}, arguments {self.args}>"


@dataclass(frozen=True)
class _Waiting:
    """A function that is to run when the core is ready."""

    guest: Guest
    core: int
    at: int | None
    since: int
    look: int
    """When (ps) to look next. From `since` on in equal steps: it must not matter in which portions the twin runs."""


@dataclass(frozen=True)
class _Running:
    """A function that runs, and the function before whose first instruction that is."""

    guest: Guest
    before: int | None
    from_handler: bool = False


@dataclass(frozen=True)
class State:
    """What a snapshot keeps of this."""

    intercepts: tuple[Intercept, ...] = ()
    waiting: tuple[_Waiting, ...] = ()
    running: Mapping[int, _Running] = field(default_factory=dict)


class Functions:
    """The functions of a twin that somebody stands in for, and those that run on behalf of somebody."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.by_address: dict[int, Intercept] = {}
        self.lost: tuple[str, ...] = ()
        """Functions of a snapshot that a part stood in for, which is not here."""
        self._waiting: list[_Waiting] = []
        self._running: dict[int, _Running] = {}

    # What a test says

    def add(
        self,
        where: Address,
        handler: Handler,
        args: Sequence[str],
        returns: str,
        cost: Time | int,
        watch: bool,
    ) -> Intercept:
        """See `Twin.intercept`."""
        address = self.code(where)
        name = where if isinstance(where, str) else self._twin.symbols.name(address)
        if address in self.by_address:
            raise UsageError(f"{name} is intercepted already: remove() that one first")
        if isinstance(args, str):
            raise UsageError(f"args={args!r}: expected a tuple of types, such as ('ptr', 'u32')")
        for kind in (*args, *(() if returns == "void" else (returns,))):
            type_of(kind)
        cycles(cost, 1)
        portable = _portable(self._twin, handler)
        found = Intercept(str(name), address, portable, tuple(args), returns, cost, watch, _owner=self)
        self.by_address[address] = found
        self._twin.engine.intercept(address, True)
        return found

    def remove(self, intercept: Intercept) -> None:
        """The function is the firmware's own again."""
        if self.by_address.get(intercept.address) is intercept:
            del self.by_address[intercept.address]
            if not any(waiting.at == intercept.address for waiting in self._waiting):
                self._twin.engine.intercept(intercept.address, False)

    def code(self, where: Address) -> int:
        """The address of a function."""
        if isinstance(where, str):
            in_rom = self._twin.engine.rom_function(where)
            if in_rom is not None and where not in self._twin.symbols:
                return in_rom
            symbol = self._twin.symbols[where]
            if not symbol.is_function and symbol.size:
                raise UsageError(f"{where} is no function: it is an object of {symbol.size} bytes")
            return symbol.address & ~1 if self._twin.board.chip.name == "rp2040" else symbol.address
        address = int(where)
        return address & ~1 if self._twin.board.chip.name == "rp2040" else address

    def guest(
        self,
        function: Address,
        args: Sequence[Any],
        types: Sequence[str] | None,
        returns: str,
        then: Handler | None,
        stack: int | None,
    ) -> Guest:
        """A function with its arguments as words."""
        kinds = ["double" if isinstance(arg, float) else "u32" for arg in args] if types is None else list(types)
        if len(kinds) != len(args):
            raise UsageError(f"{len(args)} arguments and {len(kinds)} types")
        words: list[int] = []
        in_registers = 4 if self._twin.board.chip.name == "rp2040" else 6
        for kind, arg in zip(kinds, args, strict=True):
            value = words_of(kind, arg)
            start = (len(words) + len(value) - 1) // len(value) * len(value)
            if start < in_registers < start + len(value):
                start = in_registers
            words += [0] * (start - len(words)) + value
        return Guest(self.code(function), tuple(words), returns, _portable(self._twin, then), stack)

    def soon(self, guest: Guest, core: int, at: Address | None) -> None:
        """See `Twin.call_soon`."""
        if core not in (0, 1):
            raise UsageError(f"core {core}: there are cores 0 and 1")
        address = None if at is None else self.code(at)
        self._waiting.append(_Waiting(guest, core, address, self._twin.now, self._twin.now))
        if address is not None:
            self._twin.engine.intercept(address, True)

    def now(self, guest: Guest, core: int, at: Address | None, timeout: Time) -> Value:
        """See `Twin.call`."""
        result: list[Value] = []
        guest = replace(guest, then=result.append)
        self.soon(guest, core, at)
        try:
            self._twin.run_until(lambda: result, timeout, every=Duration(_LOOKS))
        except Timeout:
            waiting = [waiting for waiting in self._waiting if waiting.guest is guest]
            where = "found no moment to run" if waiting else "did not come back"
            self._waiting = [other for other in self._waiting if other not in waiting]
            name = self._twin.symbols.name(guest.function)
            raise Timeout(f"{name} {where} within {Duration(ps(timeout))} of virtual time") from None
        return result[0]

    # What the twin's run does

    @property
    def due(self) -> int:
        """When (ps) to look whether a function that waits can run."""
        return min((waiting.look for waiting in self._waiting if waiting.at is None), default=_FAR)

    def start_waiting(self) -> None:
        """Functions that wait run on cores that are ready."""
        engine = self._twin.engine
        now = engine.now
        for number, waiting in enumerate(self._waiting):
            if waiting.at is not None or now < waiting.look:
                continue
            idle = engine.is_sleeping(waiting.core)
            if engine.is_interruptible(waiting.core) and (idle or now - waiting.since >= _PATIENCE):
                del self._waiting[number]
                self._run(waiting.core, waiting.guest, None)
                return
            steps = (now - waiting.since) // _LOOKS + 1
            self._waiting[number] = replace(waiting, look=waiting.since + steps * _LOOKS)

    def entered(self, core: int, pc: int) -> None:
        """The run stopped before a function, or behind one that ran on somebody's behalf."""
        with self._inside(core):
            if pc == self._twin.engine.return_address:
                self._came_back(core)
            else:
                self._enter(core, pc)

    def _enter(self, core: int, pc: int) -> None:
        for waiting in self._waiting:
            if waiting.at == pc and waiting.core == core:
                self._waiting.remove(waiting)
                self._run(core, waiting.guest, pc)
                return
        intercept = self.by_address.get(pc)
        if intercept is None:
            # Something waited for this function, and has run.
            self._twin.engine.intercept(pc, any(waiting.at == pc for waiting in self._waiting))
            return
        intercept.calls += 1
        with _named(intercept, core):
            call = Call(self._twin, intercept, core)
            outcome = _bound(self._twin, intercept.handler)(call, *call.args)
            self._decide(core, intercept, call, outcome)

    def _decide(self, core: int, intercept: Intercept, call: Call, outcome: object) -> None:
        engine = self._twin.engine
        if isinstance(outcome, Guest):
            engine.spend(core, call.spent)
            self._run(core, outcome, intercept.address, from_handler=True)
            return
        engine.spend(core, call.spent + cycles(intercept.cost, engine.cpu_clock))
        if intercept.watch or outcome is CONTINUE:
            return
        if intercept.returns == "void" or outcome is None:
            if outcome is not None:
                raise UsageError(f"its handler returned {outcome!r}, and it was declared with returns='void'")
            engine.return_at_once(core, 0)
            return
        words = words_of(intercept.returns, outcome)
        engine.return_at_once(core, words[0], words[1] if len(words) > 1 else None)

    def _run(self, core: int, guest: Guest, before: int | None, from_handler: bool = False) -> None:
        engine = self._twin.engine
        engine.intercept(engine.return_address, True)
        try:
            frame = engine.call(core, guest.function, list(guest.words), guest.stack)
        except ValueError as error:
            name = self._twin.symbols.name(guest.function)
            raise UsageError(f"the firmware cannot run {name} here: {error}") from None
        self._running[frame] = _Running(guest, before, from_handler)

    def _came_back(self, core: int) -> None:
        try:
            frame, low, high = self._twin.engine.end_call(core)
        except ValueError as error:
            raise UsageError(f"a function that the twin called came back on core {core}, but {error}") from None
        running = self._running.pop(frame)
        guest = running.guest
        kind = TYPES.get(guest.returns)
        result = value_of(guest.returns, [low, high][: kind.words]) if kind is not None else 0
        then = _bound(self._twin, guest.then) if guest.then is not None else None
        if not running.from_handler:
            if then is not None:
                then(result)
            if running.before is not None:
                self._enter(core, running.before)
            return
        intercept = self.by_address.get(running.before or 0)
        if intercept is None:
            return
        with _named(intercept, core):
            call = Call(self._twin, intercept, core)
            self._decide(core, intercept, call, result if then is None else then(call, result))

    @contextmanager
    def _inside(self, core: int) -> Iterator[None]:
        with self._twin.inside(self._twin.engine.core_time(core)):
            yield

    # Snapshots

    def state(self) -> State:
        """What a snapshot keeps."""
        intercepts = tuple(replace(intercept, _owner=None) for intercept in self.by_address.values())
        return State(intercepts, tuple(self._waiting), dict(self._running))

    def restore(self, state: State) -> None:
        """Goes on from a snapshot, on a new engine."""
        engine = self._twin.engine
        self.lost = tuple(kept.name for kept in state.intercepts if not _is_there(self._twin, kept.handler))
        self.by_address = {
            kept.address: replace(kept, _owner=self) for kept in state.intercepts if kept.name not in self.lost
        }
        self._waiting = list(state.waiting)
        self._running = dict(state.running)
        for address in [*self.by_address, *(waiting.at for waiting in self._waiting if waiting.at is not None)]:
            engine.intercept(address, True)
        if self._running:
            engine.intercept(engine.return_address, True)


class Intercepting:
    """What a twin offers of this."""

    functions: Functions

    def intercept(
        self,
        function: Address,
        handler: Handler,
        args: Sequence[str] = (),
        *,
        returns: str = "i32",
        cost: Time | int = 0,
        watch: bool = False,
    ) -> Intercept:
        """Calls `handler` when a core enters a function, by symbol or address: see `twins.intercept`.

        `cost` is what the call takes, in cycles (int) or as a time; interrupts wait for so long.
        """
        return self.functions.add(function, handler, args, returns, cost, watch)

    @property
    def intercepts(self) -> Mapping[str, Intercept]:
        """The functions that are intercepted, by name."""
        return {found.name: found for found in self.functions.by_address.values()}

    def call(
        self,
        function: Address,
        *args: Any,
        types: Sequence[str] | None = None,
        returns: str = "i32",
        core: int = 0,
        at: Address | None = None,
        stack: int | None = None,
        timeout: Time = "1s",
    ) -> Value:
        """Has the firmware run one of its functions, and runs until it has come back: see `call_soon`."""
        guest = self.functions.guest(function, args, types, returns, None, stack)
        return self.functions.now(guest, core, at, timeout)

    def call_soon(
        self,
        function: Address,
        *args: Any,
        types: Sequence[str] | None = None,
        returns: str = "i32",
        then: Handler | None = None,
        core: int = 0,
        at: Address | None = None,
        stack: int | None = None,
    ) -> None:
        """Has the firmware run one of its functions as soon as the core is idle, or, 1 ms later, can be interrupted; or
        when it next enters the function `at`. `then` is given the result; `stack` is the top of another stack.
        """
        self.functions.soon(self.functions.guest(function, args, types, returns, then, stack), core, at)


@contextmanager
def _named(intercept: Intercept, core: int) -> Iterator[None]:
    """An error of a handler says of which function."""
    try:
        yield
    except Exception as error:
        note = f"in the handler of the intercepted function {intercept.name} on core {core}"
        add_note = getattr(error, "add_note", None)
        if add_note is not None:
            add_note(note)
        else:
            log.error("%s: %s", note, error)
        raise
