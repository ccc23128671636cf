// Package sshconfig reads what OpenSSH's client configuration says of a host
// (ssh_config(5)): Host and Match blocks, Include, and the rule that the first value
// counts.
//
// What it yields are the arguments of keywords as they are written; [Expand] and
// [Path] replace tokens, variables and the tilde. Of the criteria of Match, exec,
// localnetwork, tagged and others that need more than names are not decided: where
// such a block depends on one of them, the configuration is refused for the host, so
// that no part of it is silently left out.
package sshconfig
