"""Which engines a user can choose from, and which of them a request means. Does not load any."""

from __future__ import annotations

from collections.abc import Mapping

from flyaway import engines
from flyaway.engines.records import NEEDED, EngineRecord, Input, Role
from flyaway.errors import RequestError
from flyaway.extraction.request import AUTO, NONE, Step, Wishes
from flyaway.weights.store import Store
from flyaway_client.messages import EngineInfo

_MOST_TELLING_FIRST = (Role.COMPARE, Role.SOLVE, Role.FIND)
"""A plate says more about the subject than a trimap, and that more than nothing."""

_LACKED: Mapping[Input, str] = {
    Input.PLATE: (
        "{title} compares the photo with one of the empty scene. Give that as the plate, or choose "
        "another engine."
    ),
    Input.TRIMAP: (
        "{title} solves the edge of a selection and does not find subjects. Select the subject, or leave "
        'the engine at "auto".'
    ),
}
"""What to say where an engine was asked for without what it needs."""

_UNUSED: Mapping[Input, str] = {
    Input.PLATE: (
        "{title} makes nothing of a photo of the empty scene. Leave that out, or choose Background "
        "Matting V2."
    ),
}
"""What to say where an engine was asked for that would leave out what the user has taken pains over."""


class Catalogue:
    """The engines as one user's settings and downloads make them.

    Args:
        paid_work_only: whether only engines whose licence allows paid work may be used at all.
        store: where weights are looked for.
    """

    def __init__(self, paid_work_only: bool = False, store: Store | None = None) -> None:
        self._paid_work_only = paid_work_only
        self._store = store or Store()

    def infos(self) -> tuple[EngineInfo, ...]:
        """Every engine as a user should see it, the default first."""
        return tuple(self._info(engines.record(name)) for name in engines.names())

    def record(self, name: str, paid_work_only: bool = False) -> EngineRecord:
        """The engine a user named.

        Raises:
            UnknownEngineError: there is none of that name.
            RequestError: only engines for paid work are wanted, and its licence is not known to allow it.
        """
        record = engines.record(name)
        if not self._is_allowed(record, paid_work_only):
            raise RequestError(
                f"The licence of {record.title} ({record.licence}) is not known to allow paid work, and "
                "paid_work_only is set. Choose another engine, or switch that off in the editor, or in "
                "the settings file if it is there."
            )
        return record

    def choose(self, given: frozenset[Input], wishes: Wishes) -> tuple[Step, ...]:
        """The engines of a request, in the order of their work.

        The first makes the most of what is given. Where that leaves an edge that another can solve
        better, the second solves it.

        Args:
            given: what the request brings beside the image.
            wishes: which engines the user wants.

        Raises:
            UnknownEngineError: one is named that does not exist.
            RequestError: one is named that cannot do what is asked, or is not allowed.
        """
        if wishes.engine == AUTO:
            role = next(role for role in _MOST_TELLING_FIRST if NEEDED[role] <= given)
            is_named = role is Role.SOLVE and wishes.fine_engine not in (AUTO, NONE)
            first = self._solver(wishes) if is_named else self._best(role, wishes)
        else:
            first = self.record(wishes.engine, wishes.paid_work_only)
            role = _role_of(first, given)
        if role is Role.SOLVE or wishes.fine_engine == NONE:
            return (Step(first, role),)
        second = self._solver(wishes)
        if second is first:  # it does both at once
            return (Step(first, role),)
        return Step(first, role), Step(second, Role.SOLVE)

    def _solver(self, wishes: Wishes) -> EngineRecord:
        """The engine that solves an edge: the one that was named, or the best."""
        if wishes.fine_engine == AUTO:
            return self._best(Role.SOLVE, wishes)
        record = self.record(wishes.fine_engine, wishes.paid_work_only)
        if Role.SOLVE not in record.ranks:
            raise RequestError(
                f"{record.title} cannot solve an edge. Choose a ViTMatte or the built-in."
            )
        return record

    def _best(self, role: Role, wishes: Wishes) -> EngineRecord:
        """The best engine for a role that is here and allowed; the best at all if none is."""
        able = [record for record in map(engines.record, engines.names()) if role in record.ranks]
        ranked = sorted(able, key=lambda record: record.ranks[role])
        usable = (
            record
            for record in ranked
            if self._is_allowed(record, wishes.paid_work_only) and self._is_here(record)
        )
        return next(usable, ranked[0])

    def _is_allowed(self, record: EngineRecord, paid_work_only: bool) -> bool:
        return bool(record.paid_work) or not (paid_work_only or self._paid_work_only)

    def _is_here(self, record: EngineRecord) -> bool:
        return record.weights is None or self._store.holds(record)

    def _info(self, record: EngineRecord) -> EngineInfo:
        return EngineInfo(
            name=record.name,
            title=record.title,
            purpose=record.purpose,
            needs=tuple(map(str, record.needs)),
            installed=self._is_here(record),
            download_bytes=record.weights.bytes if record.weights else 0,
            licence=record.licence,
            licence_url=record.licence_url,
            paid_work=record.paid_work,
            page=record.weights.page if record.weights and not record.weights.repository else "",
        )


def _role_of(record: EngineRecord, given: frozenset[Input]) -> Role:
    """What a named engine does with what is given.

    Raises:
        RequestError: it lacks something, or leaves out what must not be left out.
    """
    for name, sentence in _UNUSED.items():
        if name in given - record.accepts:
            raise RequestError(sentence.format(title=record.title))
    able = [role for role in _MOST_TELLING_FIRST if role in record.ranks]
    for role in able:
        if NEEDED[role] <= given:
            return role
    lacked = next(iter(NEEDED[able[-1]] - given))
    raise RequestError(_LACKED[lacked].format(title=record.title))
