"""The tests of the docs notice what is wrong on a page: each rule is shown to bite."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.processes import wait_for
from tests.pages.blocks import find_blocks
from tests.pages.page import Page
from tests.pages.shell import steps_of
from tests.pages.stand_ins import StandIns

RunPage = Callable[[str], None]
ID, OTHER_ID = "int_8fKq2LxZt0VbW3", "int_AAAAbbbbCCCC11"
TOKEN, OTHER_TOKEN = "x" * 42 + "1", "y" * 42 + "2"


@pytest.fixture
def run_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPage:
    """Run a page with this text in a folder of its own."""

    def run(text: str) -> None:
        (tmp_path / "page.md").write_text(text, "utf-8")
        folder = tmp_path / "folder"
        folder.mkdir()
        monkeypatch.chdir(folder)
        with Page(tmp_path / "page.md", folder) as page:
            page.run()

    return run


def fenced(language: str, *lines: str, comment: str = "") -> str:
    """Return a block as it stands on a page."""
    return "\n".join(
        [*([f"<!-- {comment} -->", ""] if comment else []), f"```{language}", *lines, "```", ""]
    )


SMALL_APP = ("from flask import Flask", "app = Flask('a')", "app.get('/')(lambda: 'hello')")
SET_UP = "$ pip install 'flask-webhook-alerts[postgresql]' gunicorn ../flask-webhook-alerts"
RESOLVE, RESOLVE_1 = '{"event_type": "resolve", "Id": "a"}', '{"event_type": "resolve", "Id": 1}'
HAPPY = {
    "python shares names": fenced("python", "a = 1") + fenced("python", "assert a == 1"),
    "hidden python runs": fenced("python", "a = 1") + "\n<!-- hidden\nassert a == 1\n-->\n",
    "a wanted error": fenced("python", "{}['a']", comment="raises: KeyError"),
    "a doctest": fenced("pycon", ">>> 1 + 1", "2"),
    "a line without output": fenced("console", "$ echo a"),
    "a line with output": fenced("console", "$ echo a; echo b", "a", "b"),
    "a line with some output": fenced("console", "$ seq 9", "1", "...", "9"),
    "a line with other blanks": fenced("console", "$ echo 'a    b  '", "a b"),
    "a line that goes on": fenced("console", "$ echo a \\", "  b", "a b"),
    "a quotation that goes on": fenced("console", "$ echo 'a", "b'", "a", "b"),
    "folder and variables stay": fenced("console", "$ mkdir d; cd d; export A=1")
    + fenced("console", '$ echo "$A"; test -d ../d', "1"),
    "a wanted exit code": fenced("console", "$ true", "$ exit 3", comment="exit: 3"),
    "a file": fenced("python", "raise SystemExit('no')", comment="file: a/b.py")
    + fenced("python", "# end", comment="append: a/b.py")
    + fenced("console", "$ cat a/b.py", "raise SystemExit('no')", "# end"),
    "a hidden file": "<!-- hidden file: a.txt\nhi\n-->\n" + fenced("console", "$ cat a.txt", "hi"),
    "a program that listens": fenced("python", *SMALL_APP, comment="file: app.py")
    + fenced("console", "$ flask run", comment="serve")
    + fenced("console", "$ curl http://localhost:5000/", "hello")
    + fenced("text", '"GET / HTTP/1.1" 200', comment="log"),
    "a program that is started anew": fenced("python", *SMALL_APP, comment="file: app.py")
    + fenced("console", "$ true", "$ flask run", comment="serve") * 2
    + fenced("console", "$ curl http://127.0.0.1:5000/", "hello"),
    "a program that says so": fenced(
        "console", "$ python -c \"print('at work'); input()\"", comment="serve: at work"
    ),
    "an install line": fenced("console", SET_UP),
    "a make line": fenced("console", "$ make test  # the tests"),
    "json": fenced("json", '{"a": [1]}'),
    "toml": fenced("toml", "a = 1"),
    "yaml": fenced("yaml", "a: [1]"),
    "ini": fenced("ini", "[a]", "b = 1"),
    "jinja": fenced("jinja", "{{ a }}"),
    "a payload": fenced("json", RESOLVE, comment="post")
    + fenced("json", '{"outcome": "ignored", "alert": null, "reason": "..."}', comment="answer"),
    "a refused payload": fenced("json", '{"Id": 1}', comment="post: 422"),
    "a forgiven payload": fenced("json", RESOLVE_1, comment="post: compatible"),
    "settings": fenced("python", 'WEBHOOK_ALERTS_DELIVERY = "manual"', comment="config"),
    "text": fenced("text", "anything"),
    "what cannot run": fenced("console", "$ no-such-program", comment="not run: it is not there"),
    "a note with a block": ":::{note}\n" + fenced("python", "a = 1") + ":::\n",
    "a directive": fenced("{code-block} python", "a = 1"),
}  # fmt: skip

WRONG = {
    "python that fails": fenced("python", "a"),
    "python that does not compile": fenced("python", "a ="),
    "hidden python that fails": "<!-- hidden\nassert False\n-->\n",
    "another error": fenced("python", "{}['a']", comment="raises: ValueError"),
    "no error": fenced("python", "a = 1", comment="raises: ValueError"),
    "a doctest that fails": fenced("pycon", ">>> 1 + 1", "3"),
    "a line that fails": fenced("console", "$ false", "$ true"),
    "other output": fenced("console", "$ echo a", "b"),
    "more output": fenced("console", "$ echo a; echo b", "a"),
    "less output": fenced("console", "$ echo a", "a", "b"),
    "another exit code": fenced("console", "$ exit 4", comment="exit: 3"),
    "no line to type": fenced("console", "echo a"),
    "an extra that is not there": fenced("console", "$ pip install 'flask-webhook-alerts[moon]'"),
    "a package that is not installed": fenced("console", "$ pip install flask-moon"),
    "a target that is not there": fenced("console", "$ make moon"),
    "json": fenced("json", "{'a': 1}"),
    "toml": fenced("toml", "a = "),
    "yaml": fenced("yaml", "a: ]"),
    "ini": fenced("ini", "b = 1"),
    "jinja": fenced("jinja", "{{ a"),
    "a payload that is refused": fenced("json", '{"Id": "a"}', comment="post"),
    "a payload that is not forgiven": fenced("json", RESOLVE_1, comment="post"),
    "another answer": fenced("json", RESOLVE, comment="post")
    + fenced("json", '{"outcome": "resolved", "alert": null, "reason": "..."}', comment="answer"),
    "another status": fenced("json", '{"Id": 1}', comment="post: 413"),
    "a setting that is not there": fenced("python", "WEBHOOK_ALERTS_MOON = 1", comment="config"),
    "a language that nobody knows": fenced("klingon", "a"),
    "no language": fenced("", "a"),
}  # fmt: skip


@pytest.mark.parametrize("text", HAPPY.values(), ids=HAPPY)
def test_a_page_that_is_right_passes(text: str, run_page: RunPage) -> None:
    run_page(text)


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_page_that_is_wrong_fails(text: str, run_page: RunPage) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each rule has an error of its own
        run_page(text)

    assert re.search(r"page\.md:[1-9]", " ".join(caught.value.__notes__))


def test_a_program_that_does_not_start_is_told(run_page: RunPage) -> None:
    with pytest.raises(AssertionError, match=r"has ended and printed:\nno"):
        run_page(fenced("console", "$ sh -c 'echo no; false'", comment="serve"))


def test_a_line_of_the_log_that_does_not_come_is_told(
    run_page: RunPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait_for, "__kwdefaults__", {"patience": 0.5})
    serve = fenced("console", "$ echo a", comment="serve: a")

    with pytest.raises(TimeoutError, match=r"served\.log"):
        run_page(serve + fenced("text", "b", comment="log"))


def test_an_id_that_is_shown_stands_for_the_one_that_is_printed() -> None:
    stand_ins = StandIns()

    assert stand_ins.find(f"Id  {ID}\nToken {TOKEN}", f"Id  {OTHER_ID}\nToken {OTHER_TOKEN}")
    assert stand_ins.to_real(f"/{ID} {TOKEN}") == f"/{OTHER_ID} {OTHER_TOKEN}"
    assert stand_ins.find(f"again {ID}", f"again {OTHER_ID}")
    assert not stand_ins.find(f"again {ID}", "again int_ZZZZbbbbCCCC11")


def test_an_id_that_is_shown_twice_must_be_printed_twice() -> None:
    assert StandIns().find(f"{ID} {ID}", f"{OTHER_ID} {OTHER_ID}")
    assert not StandIns().find(f"{ID} {ID}", f"{OTHER_ID} {ID}")


def test_a_time_stands_for_any_time_and_for_nothing_else() -> None:
    assert StandIns().find("at 2026-01-31 12:00:00Z.", "at 2031-12-01 01:02:03Z.")
    assert not StandIns().find("at 2026-01-31 12:00:00Z.", "at noon.")


def test_ports_become_free_ones_and_are_shown_as_before() -> None:
    stand_ins = StandIns()

    real = stand_ins.to_real("http://localhost:5000/a 127.0.0.1:5000 --port 5001 5000")

    first, second = stand_ins.port("5000"), stand_ins.port("5001")
    assert real == f"http://localhost:{first}/a 127.0.0.1:{first} --port {second} 5000"
    assert stand_ins.to_shown(f"http://localhost:{first}/a") == "http://localhost:5000/a"


def test_addresses_of_services_become_real_ones() -> None:
    stand_ins = StandIns()
    stand_ins.stand_for("redis://localhost:6379", "redis://127.0.0.1:7")

    assert stand_ins.to_real("'redis://localhost:6379/0'") == "'redis://127.0.0.1:7/0'"


def test_blocks_know_their_lines_and_comments(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A\n\n<!-- file: a.py -->\n\n```python\na\n```\n\ntext\n\n  ```json\n  {\n  }\n  ```\n"
    )

    first, second = find_blocks(page)

    assert (first.line, first.text, first.comments) == (6, "a\n", {"file": "a.py"})
    assert (second.line, second.text, second.comments) == (12, "{\n}\n", {})


def test_a_comment_counts_for_the_next_block_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(fenced("json", "{}", comment="post") + fenced("json", "{}"))

    assert [list(block.comments) for block in find_blocks(page)] == [["post"], []]


def test_lines_to_type_end_where_output_begins() -> None:
    assert list(steps_of("$ a 'b\nc'\nd\n$ e \\\n f\n")) == [("a 'b\nc'", "d"), ("e \\\n f", "")]
