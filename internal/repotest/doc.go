// Package repotest makes tiny real repositories for tests, and serves them with
// faults.
//
// [NewDeb] builds Debian repositories in pure Go: package files that dpkg
// installs, indexes, by-hash directories and a signed root. [NewRPM] builds rpm
// repositories: package files in pure Go, their metadata by the real createrepo_c
// and modifyrepo_c. [Serve] is an HTTP
// server that misbehaves on demand ([Server.Strike]) and remembers every request;
// [Forward] is a forward proxy. Everything is deterministic but the keys.
package repotest
