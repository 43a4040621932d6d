"""The report: one HTML page that shows a run, made from its folder alone."""

from __future__ import annotations

from aura.plugins.report.page import write_report

__all__ = ["write_report"]
