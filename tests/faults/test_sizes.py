from __future__ import annotations

from tests.faults.sizes import LONG
from tests.faults.sizes import Sizes


def test_the_short_form_is_the_default() -> None:
    assert Sizes.from_environment({}) == Sizes()
    assert Sizes.from_environment({"FAULTS_LONG": "0"}) == Sizes()


def test_the_long_form_is_a_switch() -> None:
    assert Sizes.from_environment({"FAULTS_LONG": "1"}) == LONG


def test_each_size_can_be_set() -> None:
    sizes = Sizes.from_environment({"FAULTS_LONG": "1", "FAULTS_KILLS": "7"})

    assert sizes.kills == 7
    assert sizes.accepted == LONG.accepted
