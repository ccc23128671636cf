// Package system reads a Debian machine's own apt configuration: its sources,
// keys, pins, proxies and credentials, so that a mirror can be made of what the
// machine uses.
//
// [Read] does all of it. It understands the files as apt does, without apt:
// apt.conf(5), sources.list(5) in both of its styles, apt_preferences(5),
// apt_auth.conf(5), and the keyrings of apt-secure(8). What apt could use and a
// mirror cannot (a CD, a source over Tor) is left out and told in
// [System.Notes]; what apt would refuse is an error that names file and line.
//
// The files belong to the machine's administrator and are trusted. All the same
// their size and nesting is bounded.
package system
