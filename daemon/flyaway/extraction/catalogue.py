"""Which engines a user can choose from, and which of them a request means. Does not load any."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines.records import EngineRecord, Role
from flyaway.errors import RequestError
from flyaway.weights.store import Store
from flyaway_client.messages import EngineInfo, ExtractRequest

AUTO, NONE = "auto", "none"
"""Engine names of a request that leave the choice to the daemon, or want no such engine."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The engines of one request: `coarse` finds the subject, `fine` solves its edge; either may be absent."""

    coarse: EngineRecord | None
    fine: EngineRecord | None

    @property
    def names(self) -> tuple[str, ...]:
        """The engines to load, in the order of their work."""
        return tuple(record.name for record in (self.coarse, self.fine) if record is not None)


class Catalogue:
    """The engines as one user's settings and downloads make them.

    Args:
        settings: whether only engines for paid work may be used.
        store: where weights are looked for.
    """

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._settings = settings
        self._store = store or Store()

    def infos(self) -> tuple[EngineInfo, ...]:
        """Every engine as a user should see it, the default first."""
        return tuple(self._info(engines.record(name)) for name in engines.names())

    def record(self, name: str) -> EngineRecord:
        """The engine a user named.

        Raises:
            UnknownEngineError: there is none of that name.
            RequestError: only engines for paid work are wanted, and its licence is not known to allow it.
        """
        record = engines.record(name)
        if not self._is_allowed(record):
            raise RequestError(
                f"The licence of {record.title} ({record.licence}) is not known to allow paid work, and "
                "paid_work_only is set. Choose another engine, or switch that off in the editor, or in "
                "the settings file if it is there."
            )
        return record

    def choose(self, request: ExtractRequest) -> Choice:
        """The engines of a request, by its header alone.

        A selection that draws the edge needs no engine to find the subject; an automatic engine that
        was asked for by name still narrows down what the selection leaves unknown.

        Raises:
            UnknownEngineError: it names an engine that does not exist.
            RequestError: it names one that cannot do what is asked, or is not allowed.
        """
        if request.paid_work_only and not self._settings.paid_work_only:
            stricter = replace(self._settings, paid_work_only=True)
            return Catalogue(stricter, self._store).choose(request)
        named = None if request.engine == AUTO else self.record(request.engine)
        has_edge = request.selection is not None and request.selection_is not in (
            "automatic",
            "region",
        )
        if request.plate is not None:
            return Choice(self._by_plate(named), self._fine(request, None))
        if named is not None and Role.COMPARE in named.ranks:
            raise RequestError(
                f"{named.title} compares the photo with one of the empty scene. Give that as the plate, or "
                "choose another engine."
            )
        if has_edge and (named is None or Role.SOLVE in named.ranks):
            return Choice(None, named or self._fine(request, None) or self._first(Role.SOLVE))
        if named is not None and Role.FIND not in named.ranks:
            raise RequestError(
                f"{named.title} solves the edge of a selection and does not find subjects. Select the "
                'subject, or leave the engine at "auto".'
            )
        coarse = named or self._first(Role.FIND)
        return Choice(coarse, self._fine(request, coarse))

    def _fine(self, request: ExtractRequest, coarse: EngineRecord | None) -> EngineRecord | None:
        """What refines the edge that a coarse engine leaves; one that does both is not called twice."""
        if request.fine_engine == NONE:
            return None
        if request.fine_engine == AUTO:
            record = self._first(Role.SOLVE)
        else:
            record = self.record(request.fine_engine)
            if Role.SOLVE not in record.ranks:
                raise RequestError(
                    f"{record.title} cannot solve an edge. Choose a ViTMatte or the built-in."
                )
        return None if record is coarse else record

    def _by_plate(self, named: EngineRecord | None) -> EngineRecord:
        record = named or self._first(Role.COMPARE)
        if Role.COMPARE not in record.ranks:
            raise RequestError(
                f"{record.title} makes nothing of a photo of the empty scene. Leave that out, or choose "
                "Background Matting V2."
            )
        return record

    def _first(self, role: Role) -> EngineRecord:
        """The first engine that is here and allowed; the first at all if none is."""
        able = [r for r in map(engines.record, engines.names()) if role in r.ranks]
        records = sorted(able, key=lambda record: record.ranks[role])
        usable = (
            record for record in records if self._is_allowed(record) and self._is_here(record)
        )
        return next(usable, records[0])

    def _is_allowed(self, record: EngineRecord) -> bool:
        return bool(record.paid_work) or not self._settings.paid_work_only

    def _is_here(self, record: EngineRecord) -> bool:
        return record.weights is None or self._store.holds(record)

    def _info(self, record: EngineRecord) -> EngineInfo:
        return EngineInfo(
            name=record.name,
            title=record.title,
            purpose=record.purpose,
            needs=record.needs,
            installed=self._is_here(record),
            download_bytes=record.weights.bytes if record.weights else 0,
            licence=record.licence,
            licence_url=record.licence_url,
            paid_work=record.paid_work,
            page=record.weights.page if record.weights and not record.weights.repository else "",
        )
