"""Runs in Krita in another language: shows all that the plugin has there, and tells of words that are cut off.

args: "name", the docker to show. Finishes once signalled "seen"; notes "words": what is read in the window, and what of it
has less room than it asks for.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

from PyQt5 import QtCore, QtWidgets

GAP = 4
"""Between a button's icon and its words."""


def is_cut(widget):
    """Whether a widget's words ask for more room than they have."""
    if isinstance(widget, QtWidgets.QLabel) and widget.wordWrap():
        return widget.heightForWidth(widget.width()) > widget.height()
    if isinstance(widget, QtWidgets.QComboBox):
        option = QtWidgets.QStyleOptionComboBox()
        widget.initStyleOption(option)
        style = widget.style()
        field = style.subControlRect(
            QtWidgets.QStyle.CC_ComboBox, option, QtWidgets.QStyle.SC_ComboBoxEditField, widget
        )
        return widget.fontMetrics().horizontalAdvance(widget.currentText()) > field.width()
    if isinstance(
        widget, QtWidgets.QPushButton
    ):  # Krita's style lets them be narrower than they ask for
        icon = widget.iconSize().width() + GAP if not widget.icon().isNull() else 0
        return widget.fontMetrics().horizontalAdvance(widget.text()) + icon > widget.width()
    return widget.sizeHint().width() > widget.width()


def words_of(widget):
    return widget.currentText() if isinstance(widget, QtWidgets.QComboBox) else widget.text()


def look():
    kinds = (QtWidgets.QLabel, QtWidgets.QAbstractButton, QtWidgets.QComboBox)
    found = [
        one
        for kind in kinds
        for one in docker.widget().findChildren(kind)
        if one.isVisible() and words_of(one).strip()
    ]
    note(
        "words",
        {
            "read": [words_of(one) for one in found],
            "cut": [words_of(one) for one in found if is_cut(one)],
            "actions": [krita.action(f"flyaway_{name}").text() for name in ("extract", "refine")],
        },
    )
    until(lambda: signalled("seen"), lambda: finish(None))


main = krita.activeWindow().qwindow()
docker = next(one for one in krita.dockers() if one.objectName() == args["name"])
for one in krita.dockers():
    if one is not docker:
        one.hide()
main.addDockWidget(QtCore.Qt.RightDockWidgetArea, docker)
docker.show()
docker.raise_()
after(2, look)
