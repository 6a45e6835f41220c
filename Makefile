# make demo   the whole job on the example histories, with the embedded models
# make test   the tests with coverage, then those that need the embedded models
# make check  style, types, layers, and the rules of the project
# make audit  known vulnerabilities and licences of all packages, and sbom.json; needs the package index
# make attacks  some forms of attack with the embedded model, others each day; fails when one wins (3 to 6 minutes)
# make lock   the versions and SHA-256 sums of locked/, from pyproject.toml and constraints.txt; needs the package index
# make clean  removes what make made here (not the models, which lie in the user's cache directory)
#
# Another Python than python3: make PYTHON=python3.12 demo

.POSIX:

PYTHON = python3
BIN = .venv/bin
INSTALLED = .venv/installed

.PHONY: demo test check attacks audit lock clean

demo: $(INSTALLED)
	$(BIN)/python examples/demo.py

test: $(INSTALLED)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal --cov --cov-report=term-missing:skip-covered
	$(BIN)/python -m pytest -m model

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/project

attacks: $(INSTALLED)
	rm -f .attacks.jsonl
	$(BIN)/python -m benchmarks.attacks .attacks.jsonl --sample 12

audit: $(INSTALLED) .audit/installed
	.audit/bin/python tests/project/audit.py $(BIN)/python sbom.json

.audit/installed: locked/build.txt locked/audit.txt
	'$(PYTHON)' -m venv .audit
	.audit/bin/python -m pip install --require-hashes --no-deps -r locked/build.txt
	.audit/bin/python -m pip install --require-hashes --no-deps -r locked/audit.txt
	@touch .audit/installed

LOCK = .audit/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command 'make lock' --constraints constraints.txt

lock: .audit/installed
	$(LOCK) --group build --output-file locked/build.txt
	$(LOCK) --group audit --output-file locked/audit.txt
	$(LOCK) --extra embedded --extra dev --excludes locked/left-out.txt --no-emit-package torch pyproject.toml \
	  --output-file locked/limner.txt

clean:
	rm -rf .attacks.jsonl .audit sbom.json .venv .demo .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find agent retrieval prompts tests examples -name __pycache__ -type d -prune -exec rm -rf {} +

# Every package is checked by its hash, but for PyTorch, whose file differs by machine (docs/reliability.md).
$(INSTALLED): pyproject.toml constraints.txt locked/build.txt locked/limner.txt
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "limner needs Python 3.11 or newer, but '$(PYTHON)' is: $$('$(PYTHON)' --version 2>&1)" >&2; \
	  echo "Name another one, for example: make PYTHON=python3.12 demo" >&2; exit 1; }
	'$(PYTHON)' -m venv .venv
	$(BIN)/python -m pip install --require-hashes --no-deps -r locked/build.txt
	$(BIN)/python -m pip install --require-hashes --no-deps -r locked/limner.txt
	$(BIN)/python -m pip install --constraint constraints.txt torch
	$(BIN)/python -m pip install --no-build-isolation --no-deps -e .
	$(BIN)/python -m pip check
	@touch $(INSTALLED)
