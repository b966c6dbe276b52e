"""Which engines a user can choose from, and which of them a request means. Does not load any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flyaway import engines
from flyaway.engines.records import NEEDED, EngineRecord, Input, Job, Role
from flyaway.errors import RequestError, WeightsError
from flyaway.extraction.request import AUTO, NONE, Step, Wishes
from flyaway.weights.store import Store
from flyaway_client.messages import EngineInfo
from flyaway_client.paid_work import PaidWork
from flyaway_client.wording import _, joined

_MOST_TELLING_FIRST = (Role.COMPARE, Role.SOLVE, Role.POINT, Role.FIND)
"""A plate says more about the subject than a trimap, that more than where somebody points, and that more than nothing."""

_DETAIL = "builtin"
"""What adds detail to the alpha of an engine that saw the picture in a square."""

_NO_PLATE = _(
    "{title} compares the photo with one of the empty scene. Give that as the plate, or "
    "choose another engine."
)
_NO_PROMPTS = _(
    "{title} must be told where the subject is. Point at it, draw a rectangle around it, "
    "or choose another engine."
)
_USELESS_PROMPTS = _(
    "{title} cannot be pointed with. Leave the choice to Flyaway, or choose {names}."
)
_ROUGH = _(
    "What is pointed at is found roughly, so its edge must be solved: leave the fine "
    "engine to Flyaway, or choose one."
)
_USELESS_PLATE = _(
    "{title} makes nothing of a photo of the empty scene. Leave that out, or choose "
    "Background Matting V2."
)


class Catalogue:
    """The engines as one user's settings and downloads make them.

    Args:
        paid_work: what has to allow paid work, whatever a request asks for.
        store: where weights are looked for.
    """

    def __init__(self, paid_work: PaidWork = PaidWork.ANY, store: Store | None = None) -> None:
        self._paid_work = paid_work
        self._store = store or Store()

    def infos(self) -> tuple[EngineInfo, ...]:
        """Every engine as a user should see it, the default first."""
        return tuple(self._info(engines.record(name)) for name in engines.names())

    def record(self, name: str, paid_work: PaidWork = PaidWork.ANY) -> EngineRecord:
        """The engine a user named.

        Raises:
            UnknownEngineError: there is none of that name.
            RequestError: only engines for paid work are wanted, and it is not known to allow that.
        """
        record = engines.record(name)
        wanted = self._wanted(paid_work)
        if not min(wanted, PaidWork.WEIGHTS).allows(record):
            raise RequestError(
                _(
                    "The licence of {title} ({licence}) is not known to allow paid work, and "
                    "paid_work_only is set. Choose another engine, or switch that off in the editor, or in "
                    "the settings file if it is there."
                ).format(title=record.title, licence=record.licence)
            )
        if not wanted.allows(record):
            raise RequestError(
                _(
                    "{title} was trained on pictures that are not known to allow paid work, and "
                    "paid_training_only is set. Choose another engine, or switch that off in the editor, "
                    "or in the settings file if it is there."
                ).format(title=record.title)
            )
        return record

    def choose(self, given: frozenset[Input], wishes: Wishes) -> tuple[Step, ...]:
        """The engines of a request, in the order of their work.

        The first makes the most of what is given. Where that leaves an edge that another can solve
        better, the second solves it. An engine that does nothing but solve an edge is the second where there
        is no edge yet.

        One that sees all pictures in a square leaves what is finer to the built-in engine, as the last step.

        Args:
            given: what the request brings beside the image.
            wishes: which engines the user wants.

        Raises:
            UnknownEngineError: one is named that does not exist.
            RequestError: one is named that cannot do what is asked, or is not allowed.
        """
        wishes = self._spelt_out(wishes, given)
        if wishes.engine == AUTO:
            role = next(role for role in _MOST_TELLING_FIRST if NEEDED[role] <= given)
            is_named = role is Role.SOLVE and wishes.fine_engine not in (AUTO, NONE)
            if role is Role.POINT:
                first = self.pointer(AUTO, wishes.paid_work, given).record
            else:
                first = (
                    self._solver(wishes, given) if is_named else self._best_at(role, wishes, given)
                )
        else:
            first = self.record(wishes.engine, wishes.paid_work)
            role = _role_of(first, given)
        if role is Role.POINT and wishes.fine_engine == NONE and not first.sees_px:
            raise RequestError(_ROUGH)
        steps: tuple[Step, ...] = (Step(first, role),)
        if wishes.fine_engine == NONE:
            return steps
        is_whole = role is Role.SOLVE or (first.sees_px > 0 and wishes.fine_engine == AUTO)
        second = first if is_whole else self._solver(wishes, given)
        if second is not first:  # which else does both at once
            steps = (*steps, Step(second, Role.SOLVE))
        if second.sees_px:
            steps = (*steps, Step(engines.record(_DETAIL), Role.SOLVE))
        return steps

    def solver(
        self,
        engine: str,
        paid_work: PaidWork = PaidWork.ANY,
        *,
        transparent: bool = False,
    ) -> Step:
        """The engine that solves an edge again: the one that was named; the best for `AUTO` or a job.

        Args:
            engine: a name, a job, or `AUTO`.
            paid_work: what has to allow paid work.
            transparent: whether light shines through the subject.

        Raises:
            UnknownEngineError: one is named that does not exist.
            RequestError: one is named that cannot do it, or is not allowed.
        """
        name = AUTO if engine in set(Job) else engine
        wishes = Wishes(fine_engine=name, paid_work=paid_work)
        given = frozenset({Input.TRANSPARENT} if transparent else ())
        return Step(self._solver(wishes, given), Role.SOLVE)

    def pointer(
        self,
        engine: str = AUTO,
        paid_work: PaidWork = PaidWork.ANY,
        given: frozenset[Input] = frozenset(),
    ) -> Step:
        """The engine that is pointed with: the one that was named, or the best that is here.

        Args:
            engine: a name, or `AUTO`.
            paid_work: what has to allow paid work.
            given: what the request brings beside the image.

        Raises:
            UnknownEngineError: one is named that does not exist.
            RequestError: one is named that cannot do it, or is not allowed.
            WeightsError: none is here; the text says how to get one.
        """
        if engine != AUTO:
            record = self.record(engine, paid_work)
            if Role.POINT not in record.ranks:
                names = joined(_(" or "), (one.title for one in _able(Role.POINT)))
                raise RequestError(_USELESS_PROMPTS.format(title=record.title, names=names))
            return Step(record, Role.POINT)
        found = self.pointers(paid_work, given)
        if not found:
            advised = engines.record(engines.FIRST_POINTER)
            raise WeightsError(
                _(
                    "No engine that finds what you point at is here. Get {title} ({mb:.0f} MB) with "
                    "`flyaway models download {name}`."
                ).format(title=advised.title, mb=advised.weights_bytes / 1e6, name=advised.name)
            )
        return Step(found[0], Role.POINT)

    def is_pointer(self, engine: str) -> bool:
        """Whether a name is that of an engine that is pointed with."""
        return any(record.name == engine for record in _able(Role.POINT))

    def pointers(
        self, paid_work: PaidWork = PaidWork.ANY, given: frozenset[Input] = frozenset()
    ) -> tuple[EngineRecord, ...]:
        """The engines that are here, allowed and can be pointed with, the best for what is given first."""
        return tuple(
            record
            for record in _able(Role.POINT, given)
            if self._is_allowed(record, paid_work) and self._is_here(record)
        )

    def advice(self) -> EngineInfo | None:
        """What to download where a subject could only be guessed; None where a network that finds any is here."""
        able = [record for record in _all_records() if Job.ANY_SUBJECT in record.suits]
        if any(record.weights and self._store.holds(record) for record in able):
            return None
        return self._info(engines.record(engines.FIRST_DOWNLOAD))

    def _spelt_out(self, wishes: Wishes, given: frozenset[Input]) -> Wishes:
        """The wishes with an engine's name for a job's; what can but solve an edge leaves the finding to another."""
        if wishes.engine == AUTO:
            return wishes
        if wishes.engine in set(Job):
            able = [record for record in _all_records() if wishes.engine in record.suits]
            record = self._best(sorted(able, key=_rank), wishes)
        else:
            record = self.record(wishes.engine, wishes.paid_work)
        is_second = set(record.ranks) == {Role.SOLVE} and Input.TRIMAP not in given
        if is_second or wishes.engine == Job.FINE_HAIR:
            return replace(wishes, engine=AUTO, fine_engine=record.name)
        return replace(wishes, engine=record.name)

    def _solver(self, wishes: Wishes, given: frozenset[Input] = frozenset()) -> EngineRecord:
        """The engine that solves an edge: the one that was named, or the best."""
        if wishes.fine_engine == AUTO:
            return self._best_at(Role.SOLVE, wishes, given)
        record = self.record(wishes.fine_engine, wishes.paid_work)
        if Role.SOLVE not in record.ranks:
            raise RequestError(
                _("{title} cannot solve an edge. Choose a ViTMatte or the built-in.").format(
                    title=record.title
                )
            )
        return record

    def _best_at(self, role: Role, wishes: Wishes, given: frozenset[Input]) -> EngineRecord:
        return self._best(_able(role, given), wishes)

    def _best(self, ranked: Sequence[EngineRecord], wishes: Wishes) -> EngineRecord:
        """The first engine that is here and allowed; the first that is allowed if none is.

        Raises:
            RequestError: none is allowed.
        """
        allowed = [one for one in ranked if self._is_allowed(one, wishes.paid_work)]
        here = (record for record in allowed if self._is_here(record))
        return next(here, allowed[0] if allowed else self.record(ranked[0].name, wishes.paid_work))

    def _is_allowed(self, record: EngineRecord, paid_work: PaidWork) -> bool:
        return self._wanted(paid_work).allows(record)

    def _wanted(self, paid_work: PaidWork) -> PaidWork:
        """What has to allow paid work where a request asks for that: the settings may ask for more."""
        return max(paid_work, self._paid_work)

    def _is_here(self, record: EngineRecord) -> bool:
        return record.weights is None or self._store.holds(record)

    def _info(self, record: EngineRecord) -> EngineInfo:
        return EngineInfo(
            name=record.name,
            title=record.title,
            purpose=record.purpose,
            suits=tuple(sorted(record.suits)),
            rank=_rank(record),
            needs=tuple(map(str, record.needs)),
            installed=self._is_here(record),
            download_bytes=record.weights_bytes,
            licence=record.licence,
            licence_url=record.licence_url,
            paid_work=record.paid_work,
            training=record.training.told,
            training_url=record.training.url,
            training_paid_work=record.training_paid_work,
            page=record.weights.page if record.weights and not record.weights.repository else "",
            transparent=Input.TRANSPARENT in record.accepts,
        )


def _all_records() -> tuple[EngineRecord, ...]:
    return tuple(map(engines.record, engines.names()))


def _able(role: Role, given: frozenset[Input] = frozenset()) -> list[EngineRecord]:
    """The engines that can do something, the best first; of a transparent subject those that make use of that."""
    able = [record for record in _all_records() if role in record.ranks]
    hint = given & {Input.TRANSPARENT}
    return sorted(able, key=lambda record: (not hint <= record.accepts, record.ranks[role]))


def _rank(record: EngineRecord) -> int:
    """An engine's place among those that suit the same job."""
    return min(record.ranks.values())


def _role_of(record: EngineRecord, given: frozenset[Input]) -> Role:
    """What a named engine does with what is given.

    Raises:
        RequestError: it lacks the plate or somebody who points, or would leave out what the user has taken pains over.
    """
    if Input.PROMPTS in given - record.accepts:
        names = joined(_(" or "), (one.title for one in _able(Role.POINT)))
        raise RequestError(_USELESS_PROMPTS.format(title=record.title, names=names))
    if Input.PLATE in given - record.accepts:
        raise RequestError(_USELESS_PLATE.format(title=record.title))
    for role in _MOST_TELLING_FIRST:
        if role in record.ranks and NEEDED[role] <= given:
            return role
    lacking = _NO_PROMPTS if Role.POINT in record.ranks else _NO_PLATE
    raise RequestError(lacking.format(title=record.title))
