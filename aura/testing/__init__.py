"""The conformance kit: the battery of checks that every zone passes, the built-in ones included."""

from aura.testing.battery import CHECKS, Check, check_zone, conformance_checks
from aura.testing.subject import ConformanceError, Subject

__all__ = ["CHECKS", "Check", "ConformanceError", "Subject", "check_zone", "conformance_checks"]
