# `make demo` and `make test` do all the set-up that they need.
GO       ?= go
BIN      := bin/diemcau
# What is given to others is built with a toolchain without known vulnerabilities, which go fetches by itself.
TOOLCHAIN ?= go1.26.10
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# Root needs no sudo to install Chromium.
SUDO     := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
CHROMIUM ?= /usr/bin/chromium
export DIEMCAU_CHROMIUM := $(CHROMIUM)

.PHONY: help demo build test lint unit steps clock web e2e adaptation loss estimates fuzz bench soak clean tools vulns guide acts release

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

demo: build ## run a session on this machine and print its links
	./$(BIN) demo

build: ## build the binary into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o $(BIN) ./cmd/diemcau

test: tools lint unit web e2e ## install what the tests need, then run every check and test

tools: node_modules/.installed $(CHROMIUM) bin/.programs bin/golangci-lint

node_modules/.installed: package.json package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

$(CHROMIUM):
	$(SUDO) apt-get update -q
	$(SUDO) apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core

PROGRAMS := firefox-esr iproute2 iptables openssl strace poppler-utils qpdf nginx-light haproxy \
  caddy curl prometheus libreoffice-calc-nogui libreoffice-writer-nogui pgbouncer postgresql pulseaudio pulseaudio-utils

# Programs that single tests use and skip without: other readers of our files, another database, another browser.
bin/.programs:
	$(SUDO) apt-get update -q
	$(SUDO) apt-get install -y -q --no-install-recommends $(PROGRAMS)
	@mkdir -p bin && touch $@

bin/golangci-lint:
	GOBIN=$(CURDIR)/bin $(GO) install $(GOLANGCI)

lint: bin/golangci-lint node_modules/.installed ## formatting, static analysis (also for macOS and Windows), import rules, front-end types
	@out=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$out" ] || { echo "gofmt: $$out"; exit 1; }
	$(GO) vet ./...
	GOOS=darwin CGO_ENABLED=0 $(GO) build ./cmd/... ./sfu/...
	GOOS=darwin CGO_ENABLED=0 $(GO) vet ./sfu/...
	GOOS=windows CGO_ENABLED=0 $(GO) build ./cmd/... ./sfu/...
	GOOS=windows CGO_ENABLED=0 $(GO) vet ./sfu/...
	bin/golangci-lint run ./...
	npm run --silent check

vulns: ## known vulnerabilities in what the binary calls (asks vuln.go.dev; VULNDB=proxy: the Go module proxy)
	$(if $(VULNDB),$(GO) run ./internal/vulndb bin/vulndb)
	GOTOOLCHAIN=$(TOOLCHAIN) $(GO) run $(GOVULNCHECK) $(if $(VULNDB),-db file://$(CURDIR)/bin/vulndb) ./cmd/...

unit: ## Go tests under the race detector; the media plane's also with the order of its locks checked
	$(GO) test -race -timeout 30m ./...
	$(GO) test -tags lockorder ./sfu

steps: ## kill -9 at each write of each command that changes a session
	DIEMCAU_TEST_STEPS=all $(GO) test -count=1 -timeout 60m -v -run TestKilledAtEachWrite ./cmd/diemcau

clock: ## a server that was started seven hours ahead, then corrected: builds the program with another time package
	DIEMCAU_TEST_CLOCK=1 $(GO) test -count=1 -timeout 30m -v -run TestServerStartedSevenHoursAhead ./cmd/diemcau

failover: ## twenty deaths of the node that owns a session (needs PostgreSQL): how long until another goes on
	DIEMCAU_FAILOVER=20 $(GO) test -count=1 -timeout 60m -v -run TestFailoverTimes ./cmd/diemcau

web: node_modules/.installed ## front-end unit tests
	npm test --silent

# Tests of pages wait for no moment of sound or picture: two files at a time do not disturb each other.
E2E_PAGES := $(patsubst %,e2e/%.test.mjs,change office pages reader words)

e2e: build node_modules/.installed $(CHROMIUM) ## the story in real browsers
	@failed=0; \
	node --test --test-concurrency=2 --test-timeout=900000 $(E2E_PAGES) || failed=1; \
	node --test --test-concurrency=1 --test-timeout=900000 $(filter-out $(E2E_PAGES),$(wildcard e2e/*.test.mjs)) || failed=1; \
	exit $$failed

adaptation: build node_modules/.installed $(CHROMIUM) ## measure a site on a shaped line (root), draw docs/adaptation.svg
	node e2e/adaptation.measure.mjs

loss: build node_modules/.installed $(CHROMIUM) ## measure a site and a speaker on a long line that loses packets (root)
	node e2e/loss.measure.mjs

estimates: node_modules/.installed $(CHROMIUM) ## compare REMB with transport-wide feedback, and what counts as lost (root)
	node e2e/estimates.measure.mjs
	node e2e/numbers.measure.mjs

guide: build node_modules/.installed $(CHROMIUM) ## make the pictures of docs/huong-dan from the pages
	node e2e/guide.measure.mjs

acts: build node_modules/.installed $(CHROMIUM) ## presses and seconds of the ten main acts, at 588 and 10,600 sites
	node e2e/acts.measure.mjs

soak: build node_modules/.installed $(CHROMIUM) ## a console with 10,600 sites and 1,000 changes per second, for ten minutes
	$(GO) build -o bin/soak ./internal/soak
	node e2e/soak.mjs

attack: ## attack a server from strangers and single links beside fifty watching sites, print what it cost them
	DIEMCAU_ATTACK=1 $(GO) test -count=1 -v -timeout 10m -run TestHonestLoseNothingUnderAttack ./cmd/diemcau

fuzz: ## every fuzzer for 30 s
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' .); do \
	  for n in $$(grep -oE '^func Fuzz[A-Za-z0-9_]+' $$f | cut -c6-); do \
	    $(GO) test -run '^$$' -fuzz "^$$n\$$" -fuzztime 30s ./$$(dirname $$f) || exit 1; done; done

bench: ## the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

release: ## Debian packages, tarballs, SBOM and checksums in dist/, the same bytes from the same commit
	GOTOOLCHAIN=$(TOOLCHAIN) packaging/release.sh

clean: ## remove what was built
	rm -rf bin dist node_modules
