"""Tables on the terminal."""

from __future__ import annotations

from aura.sim.cli.tables import print_figures

HEADS = ("phase", "measured", "items", "macro F1")
ROWS = [("learn, seen before", "seen before", "1,234", "0.812"), ("held-out", "held-out", "9", "0.500")]


def test_figures_stand_in_columns_under_heads_of_two_lines(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert print_figures("emotion", HEADS, ROWS, words=2)
    assert capsys.readouterr().out.splitlines() == [
        "emotion",
        "                                        macro",
        "phase               measured     items     F1",
        "learn, seen before  seen before  1,234  0.812",
        "held-out            held-out         9  0.500"]


def test_figures_that_do_not_fit_are_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert not print_figures("emotion", HEADS, ROWS, words=2)
    assert capsys.readouterr().out == ""
