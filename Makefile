# Everything a person or CI runs here. "make" alone lists it.
#
# A fresh clone needs Python >= 3.11 and make; the rest is installed into .venv and .work.

PYTHON ?= python3
PORT ?= 5000
VENV ?= .venv
WORK ?= .work
PYTEST_ARGS ?=

# The extras that parts of the package stand on.
extras := celery,login,metrics,ratelimit

# The programs that some tests run, and the Debian packages that have them.
programs := chromium:chromium curl:curl nginx:nginx-light promtool:prometheus \
	redis-server:redis-server

# Tests that kill and restart servers take minutes; "make faults" runs them.
pytest := -m pytest -m 'not faults'

bin := $(VENV)/bin
flask := $(bin)/python -m flask --app example_app
code := flask_webhook_alerts pytest_webhook_alerts.py example_app tests tools
prose := docs $(wildcard *.md) Makefile

SDIST_TESTS := $(addprefix tests/test_,cli_integrations.py payload.py public_api.py reference.py webhook.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo traffic screenshots test cover mutants faults faults-short bench bench-scale openapi check \
	lint format types layers hooks lowest wheel reproducible sdist docs system clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  Variables: PYTHON=$(PYTHON) PORT=$(PORT) PYTEST_ARGS="-k words"'

# --- The demo ---

demo: $(VENV)/.has-demo ## Set up the example app and serve it on 127.0.0.1:PORT
	@$(flask) demo setup --days 7 --at http://127.0.0.1:$(PORT)
	@$(flask) run --host 127.0.0.1 --port $(PORT)

traffic: $(VENV)/.has-demo ## Send a bad day to the demo, from a second terminal
	@$(flask) demo traffic --at http://127.0.0.1:$(PORT)

screenshots: $(VENV)/.has-test ## Take the pictures of the dashboard for the documentation
	$(bin)/python docs/screenshots.py

# --- The checks ---

test: $(VENV)/.has-test ## Run the tests
	$(bin)/python $(pytest) $(PYTEST_ARGS)

cover: $(VENV)/.has-test ## Run the tests; every line and branch must be covered
	$(bin)/python $(pytest) --cov --cov-report=term $(PYTEST_ARGS)

# PARTS narrows it: make mutants PARTS="tokens payload"
mutants: $(VENV)/.has-test $(VENV)/.has-mutants ## Change the core a little, and see whether its tests notice
	$(bin)/python -m tools.mutants $(PARTS)

faults: export FAULTS_LONG ?= 1
faults: faults-short ## Run the tests that kill, stop and restart servers, in their long form

faults-short: $(VENV)/.has-test # the short form, a few minutes: what CI runs
	$(bin)/python -m pytest -m faults $(PYTEST_ARGS)

bench: $(VENV)/.has-test ## Measure the product beside a bare Flask view and a naive one
	$(bin)/python -m benchmarks.run --json $(WORK)/bench.json

bench-scale: $(VENV)/.has-test ## Measure at 10,000 and at 1,000,000 alerts
	$(bin)/python -m benchmarks.scale

openapi: $(VENV)/.has-test ## Write the OpenAPI document of the REST API
	$(bin)/python -m tools.openapi

check: lint layers types ## Check style, spelling, layers and types

lint: $(VENV)/.has-check ## Check style, formatting and spelling
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/codespell $(code) $(prose)

format: $(VENV)/.has-check ## Let ruff rewrite what it can
	$(bin)/ruff check --fix
	$(bin)/ruff format

types: $(VENV)/.has-check $(VENV)/.has-test $(VENV)/.has-docs ## Check types with mypy and pyright
	$(bin)/mypy
	$(bin)/pyright

layers: $(VENV)/.has-check ## Check that imports point down
	$(bin)/lint-imports

hooks: $(VENV)/.has-hooks ## Run the checks of pre-commit on all files
	$(bin)/pre-commit run --all-files --show-diff-on-failure

# Afresh each time, because what is generated from the code changes without its page.
docs: $(VENV)/.has-docs ## Build the pages into .work/docs
	$(bin)/sphinx-build -E -n -W --keep-going -q docs $(WORK)/docs
	@# A page asks no other server for anything, nor does it know the names of any but for links.
	! grep -rEo '<(script|link|img|iframe)[^>]*(src|href)="(https?:)?//[^"]*' --include='*.html' $(WORK)/docs
	@echo 'Open $(WORK)/docs/index.html'

# SQLAlchemy comes by way of Flask-SQLAlchemy; its older line is tested here, the newer by "test".
# The override is for Flask-SQLAlchemy-Lite, which declares a newer one than hosts without it have.
lowest: oldest := sqlalchemy>=2.0.16,<2.1
lowest: $(VENV)/.has-release ## Run the tests on the lowest versions that pyproject.toml allows
	rm -rf $(WORK)/lowest
	$(bin)/uv venv --quiet --python $(bin)/python $(WORK)/lowest
	echo '$(oldest)' > $(WORK)/lowest/override.txt
	$(bin)/uv pip install --quiet --python $(WORK)/lowest --resolution lowest-direct \
		--override $(WORK)/lowest/override.txt --editable . --group test '$(oldest)'
	$(WORK)/lowest/bin/python $(pytest) $(PYTEST_ARGS)

wheel: $(VENV)/.has-release $(VENV)/.has-check ## Build the wheel, install it into an empty place, try it
	rm -rf $(WORK)/dist $(WORK)/wheel
	$(bin)/python -m build --outdir $(WORK)/dist
	$(bin)/python -m venv $(WORK)/wheel
	$(WORK)/wheel/bin/python -m pip install --quiet $(WORK)/dist/*.whl
	$(WORK)/wheel/bin/python -I -c "$$SMALLEST_APP"
	$(WORK)/wheel/bin/python -m pip install --quiet 'pytest>=8.4'
	cd $(WORK)/wheel && ./bin/python -I -c "$$SMALLEST_TEST"
	@# The types of the optional parts are known where what they stand on is.
	$(WORK)/wheel/bin/python -m pip install --quiet "$$(echo $(WORK)/dist/*.whl)[$(extras)]"
	@# Pyright judges an installed package, which it finds by the first python on the path.
	cd $(WORK)/wheel && PATH="$$PWD/bin:$$PATH" $(abspath $(bin))/pyright \
		--verifytypes flask_webhook_alerts --ignoreexternal

system: ## Install the programs that some tests run, on Debian and as root
	@missing=$$(for pair in $(programs); do \
		command -v "$${pair%%:*}" > /dev/null || echo "$${pair##*:}"; done); \
	if [ -n "$$missing" ]; then \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install --yes --no-install-recommends $$missing; fi

# Twice, as differently as one machine allows: from this folder and from the sdist, under other masks
# and with other times.
reproducible: export SOURCE_DATE_EPOCH ?= 1767225600
reproducible: $(VENV)/.has-release ## Build sdist and wheel twice, and compare them byte for byte
	rm -rf $(WORK)/first $(WORK)/second $(WORK)/unpacked
	umask 022; $(bin)/python -m build --outdir $(WORK)/first
	mkdir $(WORK)/unpacked
	umask 077; tar --extract --touch --strip-components 1 --directory $(WORK)/unpacked \
		--file $(WORK)/first/*.tar.gz
	umask 077; $(bin)/python -m build --outdir $(WORK)/second $(WORK)/unpacked
	cd $(WORK)/first && sha256sum * | tee ../first.sha256
	cd $(WORK)/second && sha256sum --check ../first.sha256

# What needs no server, which takes a minute; "make test" in the unpacked sdist runs the rest as well.
sdist: $(VENV)/.has-release ## Run the quick tests from the unpacked sdist
	rm -rf $(WORK)/sdist
	$(bin)/python -m build --sdist --outdir $(WORK)/sdist
	tar --extract --strip-components 1 --directory $(WORK)/sdist --file $(WORK)/sdist/*.tar.gz
	$(bin)/uv venv --quiet --python $(bin)/python $(WORK)/sdist/.venv
	cd $(WORK)/sdist && $(abspath $(bin))/uv pip install --quiet --python .venv --editable . --group test
	cd $(WORK)/sdist && .venv/bin/python $(pytest) -q -k 'not postgresql and not mariadb' $(SDIST_TESTS)

clean: ## Remove what was made, but neither .venv nor the demo's database
	rm -rf $(WORK) build dist htmlcov .coverage* .*_cache .hypothesis
	find $(code) -name __pycache__ -prune -exec rm -rf {} +

# --- What the targets above stand on ---

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Python 3.11 or newer is needed. Say where it is: make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --upgrade pip
	@touch $@

# .has-demo stands for "the package and the dependency group demo are installed".
$(VENV)/.has-%: pyproject.toml | $(VENV)/.made
	$(bin)/python -m pip install --quiet --editable . --group $*
	@touch $@

# Run with -I, so that the wheel is imported and not this folder.
define SMALLEST_APP
import json
import threading
import urllib.request

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from werkzeug.serving import make_server

from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.dashboard import Dashboard

app = Flask("smallest")
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SECRET_KEY="x")
db = SQLAlchemy(app)
alerts = WebhookAlerts(db, app)
Dashboard(alerts, app, authorize=lambda: True)
server = make_server("127.0.0.1", 0, app)
app.config["SERVER_NAME"] = f"127.0.0.1:{server.port}"
with app.app_context():
    db.create_all()
    url = alerts.endpoint_url(alerts.create_integration("smallest"))

threading.Thread(target=server.serve_forever, daemon=True).start()
event = {"event_type": "create", "Id": "1", "Title": "It works", "Description": "From a wheel."}
request = urllib.request.Request(url, json.dumps(event).encode(), {"Content-Type": "application/json"})
answer = json.load(urllib.request.urlopen(request, timeout=10))
print(answer)
assert answer["outcome"] == "created", answer

for path in ("", "static/dashboard.css", "static/dashboard.js"):
    pages = f"http://127.0.0.1:{server.port}/alerts/{path}"
    assert urllib.request.urlopen(pages, timeout=10).status == 200, path
endef
export SMALLEST_APP

# An app that runs its own tests: pytest finds the plugin, and has nothing to warn of.
define SMALLEST_TEST
import sys

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import WebhookAlerts


class Project:
    @pytest.fixture
    def app(self):
        app = Flask("smallest")
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        db = SQLAlchemy(app)
        WebhookAlerts(db, app)
        with app.app_context():
            db.create_all()
        return app


with open("test_smallest.py", "w") as file:
    file.write("def test_a_create(send_alert): assert send_alert().outcome == 'created'")
sys.exit(pytest.main(["-q", "-W", "error", "test_smallest.py"], plugins=[Project()]))
endef
export SMALLEST_TEST
