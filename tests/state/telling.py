"""Short words for what the stories tell a run's state, and what it answers."""

from __future__ import annotations

from jupyter_datum import state as s


def run(n: int, **settings: object) -> s.RunState:
    state = s.RunState(s.RunSettings(**{"probe": 0, **settings}))  # type: ignore[arg-type]
    state.apply(s.Planned(bytes(n)), 0.0)
    return state


def tell(state: s.RunState, *events: s.Event, now: float = 0.0) -> list[s.Action]:
    return [action for event in events for action in state.apply(event, now)]


def sends(actions: list[s.Action]) -> list[list[tuple[int, int]]]:
    return [action.items for action in actions if isinstance(action, s.Send)]


def blames(actions: list[s.Action]) -> list[s.Blame]:
    return [action for action in actions if isinstance(action, s.Blame)]


def failure(position: int, attempt: int = 1, *, transient: bool = False) -> s.Failure:
    return s.Failure("w", 0, position, attempt, 0.1, "E", transient, False)
