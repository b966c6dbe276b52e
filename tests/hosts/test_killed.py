"""Real editors that are killed in the middle of an extraction: `scripts/soak gimp dialogs krita` in small."""

from __future__ import annotations

from pathlib import Path

from tests.hosts.editor import Editor
from tests.hosts.gimp_host import Gimp
from tests.hosts.krita_host import Krita
from tests.trust.editors import Death, staged

SIZE = (160, 120)


def test_a_gimp_that_is_killed_leaves_document_and_daemon_as_they_were(
    gimp: Gimp, tmp_path: Path
) -> None:
    _is_killed(gimp, tmp_path)


def test_a_krita_that_is_killed_leaves_document_and_daemon_as_they_were(
    krita: Krita, tmp_path: Path
) -> None:
    _is_killed(krita, tmp_path)


def _is_killed(editor: Editor, folder: Path) -> None:
    """With the request on its way, and with the result; and what would be wrong is found."""
    with staged(editor, editor.installation.editor, folder, SIZE) as stage:
        stage.rehearse("extraction")
        for moment in ("after extract", "before result"):
            outcome, wrong = stage.play(Death("extraction", moment))
            assert outcome.startswith("killed ") and wrong == []
        assert stage.hold("extraction") == []
        (folder / "documents" / "half written").touch()
        (found,) = stage.wrong()
        assert found.startswith("documents: ")
