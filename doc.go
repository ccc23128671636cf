// Package mirrorkeeper is the map of the project; it has no code.
//
//	cmd/mirrorkeeper  the program: one file a command
//	cmd/internal/...  what programs share: assembly puts jobs together, console
//	                  speaks with people
//	config            the configuration file: YAML to typed values
//	repo              the vocabulary, and what a repository format implements
//	deb               Debian repositories; deb/packagefile, deb/control, deb/system
//	rpm               rpm repositories; rpm/repodata, rpm/modulemd, rpm/treeinfo,
//	                  rpm/header, rpm/xml, rpm/system
//	mirrorlist        lists of mirrors, and metalinks
//	compress          every compression, sizes bounded
//	signature         OpenPGP: verify with pinned keys, sign
//	solver            closure over a catalog of packages, with reasons
//	transport         HTTP clients: proxies, credentials, certificates, limits, file://
//	fetch             files into a store: parallel, resumed, verified while read
//	store             objects by digest, the cache, records, publishing
//	upstream          reads roots and indexes where they come from, through the cache
//	progress          what long work does, for people and programs
//	mirror            the job: plan, fetch, publish
//	create            the job: a repository of package files
//	incoming          the door by which others put packages into one
//	generations       what a mirror holds over time: lists, going back, channels
//	fuel              mirrors for Fuel: its files, its server's lists; fuel/nailgun
//	                  speaks with the server
//	serve             a web server for published trees
//	verify            a tree or a site against its own metadata
//	cmd/check_mirror  the plugin for Nagios and Icinga
//	switching         files of programs that mirrorkeeper takes the place of
//	cmd/packetary     packetary's command line; switching/packetary, its files
//	watch/probe       looks at sites and sources: HTTP, rsync
//	watch/daemon      the watch as it runs
//	watch/web         what a watcher answers: API, lists, metrics
//	watch/plant       timestamps at the source site: SFTP, marks, statements
//	manual            man pages of commands and of docs, the reference
//	cmd/fuel-*        mirrors for Fuel: createmirror, mirror, package-updates
//	internal/nailguntest  a double of Fuel's server, for tests
//	internal/repotest tiny real repositories served with faults, for tests
//	e2e, bench        the program beside real clients, and beside other programs
//
// The data paths:
//
//	full     root -> indexes in scope -> files they list -> fetch -> publish
//	partial  root -> indexes -> packages -> catalog -> solver -> fetch -> rewrite -> publish
//	created  files -> inspect -> content -> create -> publish
//
// To use these packages from a program, begin with the examples of mirror, create, solver,
// deb and watch/probe; docs/library.md says which one shows what.
//
// docs/design.md explains them, and architecture_test.go holds the direction of
// imports.
package mirrorkeeper
