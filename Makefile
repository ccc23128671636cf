# The two commands to know: make demo, make test. Each says what it does and
# installs what it needs, on a Debian 12 machine with Go, git and make, as root.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/bin/tools:$(PATH):/usr/local/sbin:/usr/sbin:/sbin

GOFUMPT := v0.12.0
STATICCHECK := v0.8.2
NFPM := v2.48.0
FUZZTIME ?= 10s
CHECKS ?= 2000

.PHONY: help build demo test check prove bench docs packages clean

help: ## say what there is to make
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

build: ## bin/mirrorkeeper
	go build -o bin/ ./cmd/...

demo: build ## a verified partial mirror of hello and nginx-light in ./demo/mirror, used by apt
	scripts/demo.sh demo

test: bin/tools/nfpm-$(NFPM) ## all tests with the race detector; needs root to install the tools that they drive
	scripts/install-tools.sh test
	CI=true go test -race -timeout 40m ./...

check: bin/tools/gofumpt-$(GOFUMPT) bin/tools/staticcheck-$(STATICCHECK) ## format, vet, staticcheck, tidiness, import rules, scripts
	scripts/install-tools.sh check gcc
	scripts/check.sh

prove: ## the long proofs in full: every seed, a whole system, more rounds, fuzzing
	scripts/install-tools.sh test
	FUZZTIME=$(FUZZTIME) CHECKS=$(CHECKS) scripts/prove.sh

bench: build ## figures beside other programs, into bench/
	bench/run.sh

docs: build ## man pages and completions of shells, into dist/
	bin/mirrorkeeper manual dist/man
	mkdir -p dist/completions
	for shell in bash zsh fish; do bin/mirrorkeeper completion $$shell >dist/completions/$$shell; done

packages: bin/tools/nfpm-$(NFPM) ## deb and rpm packages of the programs, into dist/packages
	scripts/packages.sh

clean: ## remove what the other targets made
	rm -rf bin demo dist

bin/tools/gofumpt-$(GOFUMPT):
	scripts/install-go-tool.sh mvdan.cc/gofumpt $(GOFUMPT)

bin/tools/staticcheck-$(STATICCHECK):
	scripts/install-go-tool.sh honnef.co/go/tools/cmd/staticcheck $(STATICCHECK)

bin/tools/nfpm-$(NFPM):
	scripts/install-go-tool.sh github.com/goreleaser/nfpm/v2/cmd/nfpm $(NFPM)
