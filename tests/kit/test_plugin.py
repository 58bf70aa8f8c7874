"""The pytest plugin in a small host project, as its developers would see it."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from tests.conftest import SIGNALS

pytest_plugins = "pytester"

SHOP = """
    from flask import Flask
    from flask_sqlalchemy import SQLAlchemy
    from flask_webhook_alerts import WebhookAlerts, alert_created

    db = SQLAlchemy()
    alerts = WebhookAlerts(db)
    pages = []

    def page(app, *, alert, **extra):
        if alert.title == "Bad line":
            raise ConnectionError("no line")
        pages.append(alert.title)

    def create_app(config=None):
        app = Flask(__name__)
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        app.config.update(config or {})
        db.init_app(app)
        alerts.init_app(app)
        alert_created.connect(page, app)
        return app
"""
CONFTEST = """
    import pytest
    from shop import create_app, db

    @pytest.fixture
    def app():
        app = create_app({"TESTING": True})
        with app.app_context():
            db.create_all()
        yield app
        with app.app_context():
            db.engine.dispose()
"""
EVERYTHING = """
    import datetime as dt
    import pytest
    import shop
    from flask_webhook_alerts.testing import Plain, UptimeKuma

    def test_sender(send_alert):
        assert send_alert(Title="Disk full").outcome == "created"
        assert shop.pages.pop() == "Disk full"

    def test_recorder(send_alert, captured_alerts):
        send_alert()
        send_alert(Plain().resolve())
        captured_alerts.expect("created disk-full", "resolved")

    def test_factories(make_integration, make_alert, send_alert):
        kuma = make_integration("Uptime Kuma", **UptimeKuma.options)
        assert send_alert.to(kuma)(UptimeKuma().create()).outcome == "created"
        alert = make_alert(status="acknowledged", additional_data={"a": 1})
        assert send_alert(Plain(key=alert.thirdparty_id).resolve()).outcome == "resolved"

    def test_clock(held_clock, make_alert):
        held_clock.move(days=-7)
        assert make_alert().created_at == held_clock.now
        assert dt.datetime.now(dt.UTC) - held_clock.now > dt.timedelta(days=6)

    def test_deliverer(send_alert, deliver_owed):
        send_alert(Title="Bad line")
        assert len(deliver_owed().failed) == 1

    @pytest.mark.usefixtures("receivers_must_return")
    def test_guard(send_alert):
        send_alert()

    def test_beside_a_client(app, client, captured_alerts, alert_integration):
        url = f"/integration/{alert_integration.id}"
        assert client.post(url, json=Plain().create()).status_code == 200
        assert captured_alerts.kinds == ["created"]

    def test_inside_a_context(app, send_alert, make_alert, deliver_owed):
        with app.app_context():
            alert = send_alert().alert
            assert alert.integration.name == "Monitor 1"
            assert make_alert(status="resolved").events[1].kind == "resolved"
            assert deliver_owed().failed == []
"""
ALL = 8
# Plugins of ours that cost a second in each run, and change what it does.
QUIET = ("-p", "no:randomly", "-p", "no:hypothesispytest")


@pytest.fixture(autouse=True)
def _forget_the_shop() -> Iterator[None]:
    """Disconnect what the project's modules have connected in this process."""
    yield
    for signal in SIGNALS:
        signal._clear_state()


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A host project with an app and no tests."""
    pytester.makepyfile(shop=textwrap.dedent(SHOP))
    pytester.makeconftest(CONFTEST)
    pytester.syspathinsert()
    return pytester


@pytest.fixture
def client_fixture(project: pytest.Pytester) -> None:
    """Give the project a ``client`` as people write it who have no pytest-flask."""
    project.makeconftest(
        textwrap.dedent(CONFTEST)
        + textwrap.dedent("""
        @pytest.fixture
        def client(app):
            return app.test_client()
        """)
    )


def run(project: pytest.Pytester, tests: str, *options: str) -> pytest.RunResult:
    """Run tests in the project."""
    project.makepyfile(test_shop=textwrap.dedent(tests))
    return project.runpytest_inprocess(*QUIET, "-W", "error", *options)


def test_every_fixture_works_beside_pytest_flask(project: pytest.Pytester) -> None:
    run(project, EVERYTHING).assert_outcomes(passed=ALL)


@pytest.mark.usefixtures("client_fixture")
def test_every_fixture_works_without_pytest_flask(project: pytest.Pytester) -> None:
    run(project, EVERYTHING, "-p", "no:flask").assert_outcomes(passed=ALL)


def test_every_fixture_works_where_a_context_is_pushed_around_every_test(
    project: pytest.Pytester,
) -> None:
    pushed = """
    @pytest.fixture(autouse=True)
    def _context(app):
        with app.app_context():
            yield
    """
    project.makeconftest(textwrap.dedent(CONFTEST) + textwrap.dedent(pushed))

    run(project, EVERYTHING).assert_outcomes(passed=ALL)


def test_every_fixture_works_on_an_app_for_the_whole_session(project: pytest.Pytester) -> None:
    project.makeconftest(CONFTEST.replace("@pytest.fixture", '@pytest.fixture(scope="session")'))
    project.makeini("[pytest]\nusefixtures = clean_alerts\n")

    run(project, EVERYTHING).assert_outcomes(passed=ALL)


def test_every_fixture_works_with_signals_that_are_sent_later(project: pytest.Pytester) -> None:
    manual = '{"TESTING": True, "WEBHOOK_ALERTS_DELIVERY": "manual"}'
    project.makeconftest(CONFTEST.replace('{"TESTING": True}', manual))

    result = run(
        project,
        """
        import shop

        def test_nothing_is_paged_until_it_is_delivered(send_alert, deliver_owed, captured_alerts):
            send_alert(Title="Disk full")
            assert (shop.pages, captured_alerts.kinds) == ([], [])
            assert len(deliver_owed().delivered) == 1
            assert (shop.pages, captured_alerts.kinds) == (["Disk full"], ["created"])
        """,
    )

    result.assert_outcomes(passed=1)


# --- What failing tests show ---


def test_a_refusal_shows_its_reasons_and_nothing_of_the_kit(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        from flask_webhook_alerts.testing import UptimeKuma

        def test_kuma(send_alert):
            send_alert(UptimeKuma().create())
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "> *send_alert(UptimeKuma().create())",
        "E *AssertionError: Expected 200, and got 422: These fields do not fit: Id, Description.",
        "E * Id: *",
        "E * Description: *",
        "test_shop.py:4: AssertionError",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*testing/sending.py*")


def test_a_refusal_that_was_overlooked_is_shown_by_the_assertion(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_outcome(send_alert):
            assert send_alert(Title="", expect=None).outcome == "created"
        """,
    )

    result.stdout.fnmatch_lines([
        "E *assert None == 'created'",
        "E *where None = <Answer 422: These fields do not fit: Title. Title: *>.outcome",
    ])  # fmt: skip


def test_other_signals_are_shown_as_a_difference(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
        def test_signals(send_alert, captured_alerts):
            send_alert()
            send_alert(event_type="resolve")
            captured_alerts.expect("created disk-full", "acknowledged")
        """,
    )

    result.stdout.fnmatch_lines([
        "captured_alerts = <AlertRecorder *'created disk-full', 'resolved disk-full'*>",
        "> *captured_alerts.expect(*",
        "E *AssertionError: The signals differ (- expected, + heard):",
        "E * created disk-full  'Disk full'",
        "E *- acknowledged",
        "E *+ resolved disk-full  'Disk full'",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*testing/recording.py*")


@pytest.mark.parametrize(
    "line", ["send_alert(Title='Bad line', raise_errors=True)", "deliver_owed(raise_errors=True)"]
)
def test_a_failing_receiver_fails_the_test_with_its_own_traceback(
    line: str, project: pytest.Pytester
) -> None:
    result = run(
        project,
        f"""
        from flask_webhook_alerts.testing import Plain

        def test_page(send_alert, deliver_owed):
            send_alert(Plain(key="a", title="Bad line").create())
            {line}
        """,
    )

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        f"> *{line}",
        "> *raise ConnectionError(*no line*)",
        "E *ConnectionError: no line",
        "E *Raised by the receiver shop:page.",
        "shop.py:*: ConnectionError",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*testing/failures.py*")


def test_a_project_can_forbid_failing_receivers_in_all_tests(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nusefixtures = receivers_must_return\n")
    result = run(
        project,
        """
        def test_good(send_alert):
            send_alert()

        def test_bad(send_alert):
            send_alert(Title="Bad line")

        def test_without_the_app():
            pass
        """,
    )

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines([
        "*ERROR at teardown of test_bad*",
        "> *raise ConnectionError(*no line*)",
        "shop.py:*: ConnectionError",
    ])  # fmt: skip


# --- The app under test ---

ANY_TEST = """
    def test_any(send_alert):
        assert send_alert().outcome == "created"
"""


def test_an_app_of_another_name_is_named_in_the_configuration(project: pytest.Pytester) -> None:
    project.makeconftest(CONFTEST.replace("def app():", "def shop_app():"))
    project.makeini("[pytest]\nwebhook_alerts_app = shop_app\n")

    run(project, ANY_TEST, "--strict-config").assert_outcomes(passed=1)


def test_an_app_may_come_from_a_fixture_of_ours_that_is_overridden(
    project: pytest.Pytester,
) -> None:
    project.makeconftest(CONFTEST.replace("def app():", "def webhook_alerts_app():"))

    run(project, ANY_TEST).assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["app", "shop_app"])
def test_a_missing_app_is_told_with_what_to_write(name: str, project: pytest.Pytester) -> None:
    project.makeconftest("")
    project.makeini(f"[pytest]\nwebhook_alerts_app = {name}\n")

    result = run(project, ANY_TEST)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([
        f"*need the app under test, and there is no fixture '{name}'.",
        f" *def {name}():",
        " *app = create_app({*",
        "or say in pytest's configuration what yours is called: *",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*pytest_webhook_alerts.py*")


def test_what_the_app_itself_misses_is_told_as_always(project: pytest.Pytester) -> None:
    project.makeconftest(CONFTEST.replace("def app():", "def app(folder):"))

    result = run(project, ANY_TEST)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'folder' not found"])


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            "Flask('shop')",
            "fixture 'app': *'shop', has no WebhookAlerts. Call alerts.init_app(app)*",
        ),
        ("(Flask('shop'), None)", "fixture 'app': *Flask application, and not tuple.*"),
    ],
)
def test_an_app_that_cannot_be_tested_is_told(
    made: str, told: str, project: pytest.Pytester
) -> None:
    project.makeconftest(f"""
        import pytest
        from flask import Flask

        @pytest.fixture
        def app():
            return {made}
    """)

    result = run(project, ANY_TEST)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([told])
    result.stdout.no_fnmatch_line("*pytest_webhook_alerts.py*")


def test_missing_tables_are_told(project: pytest.Pytester) -> None:
    project.makeconftest(CONFTEST.replace("db.create_all()", "pass"))

    result = run(project, ANY_TEST)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E *Tables are missing: *create_all()."])


# --- The plugin where nobody asks for it ---


def test_the_fixtures_are_documented(project: pytest.Pytester) -> None:
    shown = run(project, "", "--fixtures").stdout.str()

    ours = shown.partition("fixtures defined from pytest_webhook_alerts")[2]
    assert set(re.findall(r"^(\w+) -- ", ours, re.MULTILINE)) == {
        "alert_integration",
        "captured_alerts",
        "clean_alerts",
        "deliver_owed",
        "held_clock",
        "make_alert",
        "make_integration",
        "receivers_must_return",
        "send_alert",
        "webhook_alerts_app",
    }
    assert "no docstring available" not in ours


def test_a_project_without_the_app_pays_for_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        def test_any():
            heavy = {"flask_webhook_alerts", "flask", "sqlalchemy", "marshmallow"}
            assert "pytest_webhook_alerts" in sys.modules
            assert not heavy & sys.modules.keys()
    """)

    pytester.runpytest_subprocess(*QUIET, "-p", "no:flask").assert_outcomes(passed=1)


def test_the_plugin_can_be_turned_off(project: pytest.Pytester) -> None:
    result = run(project, ANY_TEST, "-p", "no:webhook_alerts")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'send_alert' not found"])


def test_an_app_that_runs_its_own_tests_is_not_warned_of_its_imports(
    pytester: pytest.Pytester,
) -> None:
    # What pytest does with every module of an installed distribution that has a plugin.
    pytester.makeconftest("""
        import pytest

        def pytest_configure(config):
            pytest.register_assert_rewrite("flask_webhook_alerts", "pytest_webhook_alerts")
    """)
    pytester.makepyfile("def test_any(): pass")
    assert {"flask_webhook_alerts", "pytest_webhook_alerts"} <= sys.modules.keys()

    pytester.runpytest_inprocess(*QUIET, "-W", "error").assert_outcomes(passed=1)


def test_the_kit_needs_no_pytest() -> None:
    script = "import sys, flask_webhook_alerts.testing; assert 'pytest' not in sys.modules"

    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_the_package_needs_no_kit() -> None:
    script = """
import sys
import flask_webhook_alerts.cli
assert not [name for name in sys.modules if "flask_webhook_alerts.testing" in name]
"""

    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)
