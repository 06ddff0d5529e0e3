# The house from one door: everything here starts from a bare Linux machine with Python 3.11 and make.
#
#   make demo    set up, start every part, play one purchase across the border, stop
#   make run     set up, start every part and leave it running until Ctrl-C
#   make test    the tests, on throw-away servers of their own
#   make check   style, types, layers, migrations, then the tests: what must be green before a commit
#   make screenshots   the operators' stories and the shop's pages, a picture of each kept in docs/screenshots/
#   make miniprogram   the mini-program for WeChat and for a browser, checked and built (Node 20)
#   make shop    the same, then the house with the shop beside it, to walk through in any browser
#   make walk    the same build, walked through in a browser against the real API and the sandbox
#   make bench   speed against floors measured in the same run, one JSON line a figure

.DEFAULT_GOAL := help
.PHONY: help demo run shop walk miniprogram test check bench browser screenshots requirements clean
.DELETE_ON_ERROR:

BIN := .venv/bin
# Always `python -m`: the scripts that pip writes name their interpreter by a path that may be too long to run.
RUN := $(BIN)/python -m
WORKERS ?= auto
# File by file in the order of their names: by number of tests the longest files, of few tests, would come last.
PYTEST = $(RUN) pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
COMPILE = CUSTOM_COMPILE_COMMAND="make requirements" $(RUN) piptools compile --quiet --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

help:
	@sed -n 's/^#   //p' Makefile

# Built once; again only when the pins change. The stamp comes last, so a cut-short build is done again.
.venv/.installed: requirements-dev.txt
	@python=; for name in $(PYTHON) python3.11 python3 python3.12 python3.13; do \
		if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer with its venv module is needed (Debian: apt-get install python3-venv);"; \
		echo "name it with: make PYTHON=/path/to/python3.11"; exit 1; fi; \
	began=$$(date +%s); echo "Building .venv with $$($$python --version) ..."; \
	$$python -m venv .venv && \
	$(RUN) pip install -qq --disable-pip-version-check -r requirements-dev.txt && \
	touch $@ && echo "Built .venv in $$(( $$(date +%s) - began )) s"

demo: .venv/.installed
	@$(BIN)/python manage.py demo

run: .venv/.installed
	@$(BIN)/python manage.py up

# Of the pins in miniprogram/package-lock.json; nothing of a package runs while it is installed.
miniprogram/node_modules/.installed: miniprogram/package-lock.json miniprogram/.npmrc
	@command -v npm >/dev/null || { echo "The mini-program is built with Node 20 and its npm, which are not here."; exit 1; }
	cd miniprogram && npm ci --no-progress --loglevel error
	touch $@

# The types of the API, what the compiler says, both outputs, and what must not be in them.
miniprogram: miniprogram/node_modules/.installed
	cd miniprogram && npm run --silent types && npm run --silent check && \
		npm run --silent build:h5 && npm run --silent build:wechat && npm run --silent gates && \
		npm run --silent harness

shop: .venv/.installed miniprogram
	@$(BIN)/python manage.py up

# Twice -v: once for the -q of pyproject.toml, once to name each flow.
walk: .venv/.installed browser miniprogram
	$(PYTEST) -vv tests/shop

test: .venv/.installed browser
	$(PYTEST)

check: .venv/.installed browser
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy .
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(PYTEST)

bench: .venv/.installed
	@$(RUN) bench

# A Chromium and Chinese letters for the tests that look at pages: Debian's as root, playwright's own elsewhere.
browser: .venv/.installed
	@if command -v chromium >/dev/null || ls $(HOME)/.cache/ms-playwright/chromium-* >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	else $(RUN) playwright install chromium; fi || { \
		echo "The browser tests need a Chromium. As root on Debian:"; \
		echo "  apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk"; \
		exit 1; }

screenshots: .venv/.installed browser
	SCREENSHOTS=docs/screenshots $(RUN) pytest -n 0 $(wildcard tests/operators/test_stories_*.py) tests/shop/test_pages.py

# The pins of requirements.txt and requirements-dev.txt, from pyproject.toml.
requirements: .venv/.installed
	$(COMPILE) --output-file requirements.txt pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

# Caches and the environment; the data in .local stays (remove it by hand to begin anew).
clean:
	rm -rf miniprogram/node_modules miniprogram/dist .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache staticfiles
	find . -name __pycache__ -not -path './.local/*' -prune -exec rm -rf {} +
