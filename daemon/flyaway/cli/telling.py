"""What `flyaway batch` says: sentences and a progress line for people, or lines of JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from flyaway.batch.events import Event, Failed
from flyaway.batch.manifest import Verdict
from flyaway.batch.plan import FAILURES, PAGE, Job, Plan
from flyaway.batch.progress import Progress
from flyaway.cli import terminal
from flyaway_client.wording import _

Verdicts = Sequence[tuple[Job, Verdict]]


class Telling:
    """Tells of one run.

    Args:
        is_json: whether programs read it.
    """

    def __init__(self, is_json: bool) -> None:
        self._is_json = is_json
        self._line = terminal.ProgressLine()
        self._progress = Progress(0)
        self._told = 0
        self._said: set[str] = set()

    def show_plan(self, plan: Plan, verdicts: Verdicts, to_do: int) -> None:
        """Say what would be done."""
        for job, verdict in verdicts:
            targets = tuple(job.targets.values())
            if self._is_json:
                self._write("planned", photo=job.name, outputs=targets, why=verdict)
            else:
                terminal.write_result(
                    f"{_plain(job.name)} -> {_plain(', '.join(targets))}: {job.refusal or verdict.value}"
                )
        self.begin(plan, verdicts, to_do)

    def begin(self, plan: Plan, verdicts: Verdicts, to_do: int) -> None:
        """Say how much there is to do."""
        self._progress = Progress(to_do)
        counts = Counter(verdict for _, verdict in verdicts)
        if self._is_json:
            self._write(
                "begun",
                photos=len(verdicts),
                to_do=to_do,
                why=counts,
                other_files=plan.aside,
                unreadable=plan.unreadable,
            )
            return
        parts = [_photos(len(verdicts)), _("{count} to do").format(count=to_do)]
        if counts[Verdict.DONE]:
            parts.append(_("{count} done before").format(count=counts[Verdict.DONE]))
        if counts[Verdict.FAILED] and to_do < len(verdicts) - counts[Verdict.DONE]:
            parts.append(
                _("{count} failed before (--retry-failed tries them again)").format(
                    count=counts[Verdict.FAILED]
                )
            )
        terminal.write_remark(f"{', '.join(parts)}.")
        if plan.aside:
            suffixes = ", ".join(sorted(suffix or _("without suffix") for suffix in plan.aside))
            count = sum(plan.aside.values())
            files = (
                _("1 other file") if count == 1 else _("{count} other files").format(count=count)
            )
            terminal.write_remark(
                _("{files} left alone, by the names no photos: {suffixes}.").format(
                    files=files, suffixes=_plain(suffixes)
                )
            )
        for sentence in plan.unreadable:
            self.say(sentence)

    def expect(self, job: Job) -> None:
        """Take in that there is one more photo."""
        self._progress.total += 1

    def hear(self, event: Event) -> None:
        """Take in what became of a photo; failures are said at once."""
        self._progress.count(event)
        if self._is_json:
            self._write(**event.to_line())
        elif isinstance(event, Failed):
            self.say(f"{_plain(event.photo)}: {event.sentence}")

    def say(self, sentence: str) -> None:
        """Say something in between."""
        self._line.clear()
        terminal.write_remark(f"flyaway: {_plain(sentence)}")

    def say_once(self, sentence: str) -> None:
        """Say something, the first time that it is to be said."""
        if sentence not in self._said:
            self._said.add(sentence)
            self.say(sentence)

    def has_news(self) -> bool:
        """Whether any photo has ended since this was asked last."""
        told, self._told = self._told, self._progress.ended
        return told != self._told

    def show_progress(self) -> None:
        """Show how far it is."""
        self._line.show(self._progress.words, self._progress.fraction)

    def clear(self) -> None:
        """Make room for other words."""
        self._line.clear()

    def end(self, failures: int, was_stopped: bool) -> None:
        """Say what came of it.

        Args:
            failures: photos that are not done, of this run or an earlier one.
            was_stopped: whether photos were left.
        """
        progress = self._progress
        left = progress.total - progress.ended
        if self._is_json:
            self._write(
                "ended", done=progress.done, failed=progress.failed, left=left, failures=failures
            )
            return
        terminal.write_remark(
            _("{photos} done, {failed} failed. {page} shows them.").format(
                photos=_photos(progress.done), failed=progress.failed, page=PAGE
            )
        )
        if failures:
            terminal.write_remark(
                _("{file} says why {count} failed; --retry-failed tries them again.").format(
                    file=FAILURES, count=failures
                )
            )
        if was_stopped and left:
            terminal.write_remark(
                _("{photos} left. Run the same command again, and it goes on there.").format(
                    photos=_photos(left)
                )
            )

    def _write(self, event: str, **fields: Any) -> None:
        terminal.write_result(json.dumps({"event": event, **fields}))
        terminal.flush()  # programs follow the run while it goes on


def _photos(count: int) -> str:
    return _("1 photo") if count == 1 else _("{count} photos").format(count=count)


def _plain(text: str) -> str:
    """A text on one line, whatever a file's name holds."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
