// Package mirrorlist reads and writes the lists of mirrors that servers of
// repositories give to their clients: plain lists of URLs for yum and dnf, metalinks,
// which also say which root files the mirrors may have, and lists for apt.
//
// [Parse] reads both and tells them apart. What lists say is understood as
// librepo does, the library under dnf and zypper. A list comes from a server
// and is hostile input: its size and nesting is bounded, and it may define no
// entities.
package mirrorlist
