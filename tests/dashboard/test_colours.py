"""The colours of the charts, as the style sheet has them: seen by everybody, in both themes."""

from __future__ import annotations

import re

import pytest

from flask_webhook_alerts.dashboard.pages import STATIC

PAIRS = re.findall(
    r"--(\w+): light-dark\((#\w+), (#\w+)\);", (STATIC / "dashboard.css").read_text()
)
THEMES = {
    "light": {name: light for name, light, _ in PAIRS},
    "dark": {name: dark for name, _, dark in PAIRS},
}


def lightness(colour: str) -> float:
    """Return the relative luminance, as WCAG 2.2 defines it."""
    digits = colour.removeprefix("#")
    pairs = (
        [digits[at : at + 2] for at in (0, 2, 4)] if len(digits) == 6 else [2 * d for d in digits]
    )
    parts = [int(pair, 16) / 255 for pair in pairs]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return how many times lighter the lighter colour is."""
    dark, light = sorted((lightness(one), lightness(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrasts_are_measured_as_everybody_measures_them() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("mark", "under"),
    [("bar1", "sheet"), ("bar2", "sheet"), ("heat3", "sheet"), ("heat3", "ground"),
     ("edge", "sheet"), ("edge", "ground")],
)  # fmt: skip
def test_bars_and_their_axis_stand_out_from_what_they_stand_on(
    theme: str, mark: str, under: str
) -> None:
    colours = THEMES[theme]

    assert contrast(colours[mark], colours[under]) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_created_and_resolved_differ_without_colour_too(theme: str) -> None:
    colours = THEMES[theme]

    assert contrast(colours["bar1"], colours["bar2"]) >= 1.4
