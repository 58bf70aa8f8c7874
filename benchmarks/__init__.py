"""Measure the extension beside other ways to do the same. Not part of the package."""

from __future__ import annotations
