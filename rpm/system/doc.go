// Package system reads the machine's own dnf, yum and zypper configuration: its
// repositories, keys, proxies and credentials, so that a mirror can be made of
// what the machine uses.
//
// [Read] does all of it. It understands the files as their programs do, without
// them: dnf.conf(5) and what stands in /etc/yum.repos.d, zypp.conf and what
// stands in /etc/zypp/repos.d. Only the database of installed packages, which
// knows the machine's release and the keys that it trusts, is read by rpm(8). What
// the programs could use and a mirror cannot (a DVD, ftp) is left out and told in
// [System.Notes]; what they would refuse is an error that names file and line.
//
// The files belong to the machine's administrator and are trusted. All the same
// their size and nesting is bounded.
package system
