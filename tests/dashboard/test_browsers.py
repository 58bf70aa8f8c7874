"""What the browser tests do where there is no browser."""

from __future__ import annotations

import shutil

import pytest

from tests.dashboard.browsers import chromium


@pytest.fixture(autouse=True)
def _no_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)


def test_without_a_browser_they_are_skipped_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"There is no chromium\."), chromium():
        pass


def test_without_a_browser_they_fail_where_everything_must_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match=r"There is no chromium\."), chromium():
        pass
