# The commands of the house. `make demo` shows the register, `make test` is the gate.
# All work happens in .venv, set up from the hashed locks and again whenever they change.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := setup
.PHONY: setup demo test test-long bench check format lock clean

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1
export VIRTUAL_ENV := $(CURDIR)/.venv
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
RUNTIME := .venv/runtime.stamp
DEV := .venv/dev.stamp
BENCH := .venv/bench.stamp
VPCD := .venv/lib/vpcd/libifdvpcd.so
INSTALL := uv pip install --quiet --compile-bytecode --no-config --no-build-isolation
# Each worker begins at its end of the list, so that what a file sets up is set up once.
PYTEST := pytest --numprocesses logical --maxprocesses 4 --dist worksteal

# Which Debian packages are missing, told by what they give: other ways to have it are as good.
define MISSING
missing=""
python3.11 -c 'import ensurepip' 2>/dev/null || missing+=" python3.11-venv"
[ -e "$$(python3.11 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || missing+=" libpython3.11-dev"
echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1 || missing+=" gcc libc6-dev"
command -v pkg-config >/dev/null || missing+=" pkg-config"
pkg-config --exists libpcsclite 2>/dev/null || missing+=" libpcsclite-dev"
command -v pcscd >/dev/null || [ -x /usr/sbin/pcscd ] || missing+=" pcscd"
[ -s /etc/ssl/certs/ca-certificates.crt ] || missing+=" ca-certificates"
python3.11 -c 'import ctypes; [ctypes.CDLL(f"lib{name}") for name in ("pango-1.0.so.0", "pangoft2-1.0.so.0", "harfbuzz-subset.so.0")]' 2>/dev/null || missing+=" libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
[ -n "$$(find /usr/share/fonts /usr/local/share/fonts -name 'wqy-*' -o -name 'NotoSansCJK*' 2>/dev/null)" ] || missing+=" fonts-wqy-zenhei"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=" postgresql"
endef

# Prints the name of a section before it and the seconds it took after it.
define SECTION
section() {
    local name=$$1 start=$$SECONDS; shift
    echo "== $$name"
    "$$@"
    echo "-- $$name: $$((SECONDS - start)) s"
}
endef

setup: $(DEV)

demo: $(RUNTIME) $(VPCD)
	@registry demo

# Cheapest first.
check: $(DEV)
	@$(SECTION)
	section "ruff format" ruff format --quiet --check
	section "ruff check" ruff check --quiet
	section "import-linter" lint-imports --no-logo
	section "mypy" mypy registry replay adapters tests

test: check
	@$(SECTION)
	section "examples in docstrings" pytest --quiet --no-summary --durations=0 --doctest-modules registry replay
	section "tests" $(PYTEST) tests
	section "replay, kernels as plain Python" env NUMBA_DISABLE_JIT=1 $(PYTEST) tests/replay

# An option given again replaces the one in pyproject.toml. Exit 5: no test is long.
test-long: $(DEV)
	@$(PYTEST) -m long --durations=15 tests || [ $$? -eq 5 ]

# make bench BENCHES="replay store" runs those two
bench: $(BENCH)
	@$(PYTHON) -m tests.bench $(BENCHES)

format: $(DEV)
	@ruff check --quiet --fix --exit-zero
	ruff format --quiet

# make lock UPGRADE=--upgrade takes newer versions; the order is that of the constraints
lock: $(RUNTIME)
	@for lock in requirements-build requirements requirements-dev requirements-bench; do
	    uv pip compile --quiet --no-config --generate-hashes --no-header --python-version 3.11 \
	        $(UPGRADE) $$lock.in --output-file $$lock.txt
	done

clean:
	rm -rf .venv .hypothesis .*_cache *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

$(RUNTIME): requirements-build.txt requirements.txt pyproject.toml
	@start=$$SECONDS
	$(MISSING)
	if [ -n "$$missing" ]; then
	    root=""
	    [ "$$(id -u)" -eq 0 ] || root="sudo -n"
	    if ! command -v apt-get >/dev/null || ! $$root true 2>/dev/null; then
	        echo "Packages of the system are missing. Install them, then come back:" >&2
	        echo "    sudo apt-get install --yes --no-install-recommends$$missing" >&2
	        exit 1
	    fi
	    echo "set-up: installing$$missing"
	    $$root apt-get update -qq
	    $$root env DEBIAN_FRONTEND=noninteractive \
	        apt-get install -qq --yes --no-install-recommends $$missing >/dev/null
	fi
	[ -x $(PYTHON) ] || python3.11 -m venv .venv
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements-build.txt
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --editable .
	echo "set-up: runtime, $$((SECONDS - start)) s"
	start=$$SECONDS
	registry warm-up >/dev/null
	touch $@
	echo "set-up: compiled loops, $$((SECONDS - start)) s"

# The driver of virtual readers. Its package is unpacked and never installed: it would let every
# service of readers on this machine listen on the network for cards.
$(VPCD): | $(RUNTIME)
	@folder=$$(mktemp -d)
	trap 'rm -rf "$$folder"' EXIT
	download() { (cd "$$folder" && apt-get -qq -o APT::Sandbox::User=root download vsmartcard-vpcd); }
	root=""
	[ "$$(id -u)" -eq 0 ] || root="sudo -n"
	if ! download 2>/dev/null && ! { $$root apt-get update -qq && download; }; then
	    echo "The package vsmartcard-vpcd cannot be had. Do this, then come back:" >&2
	    echo "    sudo apt-get update" >&2
	    exit 1
	fi
	dpkg-deb -x "$$folder"/*.deb "$$folder"
	install -D -m 644 "$$(find "$$folder" -type f -name 'libifdvpcd.so*')" $@
	echo "set-up: driver of virtual readers"

$(DEV): requirements-dev.txt $(RUNTIME) | $(VPCD)
	@start=$$SECONDS
	$(INSTALL) --require-hashes -r requirements-dev.txt
	touch $@
	echo "set-up: development, $$((SECONDS - start)) s"

$(BENCH): requirements-bench.txt $(DEV)
	@start=$$SECONDS
	$(INSTALL) --require-hashes -r requirements-bench.txt
	touch $@
	echo "set-up: benchmarks, $$((SECONDS - start)) s"
