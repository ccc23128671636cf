package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A mirror leaves out what a list says that machines have.
func TestAssumeInstalledFromAFile(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\n Requires: lib, other >= 2\nlib 1.0-1 noarch\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: app, assume-installed: {from: ./installed}")
	list := filepath.Join(r.dir, "installed")
	r.want(exitUsage, "installed", "plan", "-c", c)
	write(t, list, "# of rpm -qa\nlib-1.0-1.noarch\n\nother >= 2\n")
	r.want(exitUsage, "installed:4: this is no package", "plan", "-c", c)
	write(t, list, "# of rpm -qa\nlib-1.0-1.noarch\n\nother 2.5-1\n")
	r.want(0, "m: 1 packages", "plan", "-c", c)
}

// What another mirror holds is not mirrored again, at the versions that it holds.
func TestAssumeInstalledFromAMirror(t *testing.T) {
	r := newRPMs(t, "app 1.0-1 noarch\n Requires: lib = 1.0\nlib 1.0-1 noarch\n")
	r.Publish(r.served)
	c := r.configured("url: URL, keys: KEY", ", packages: lib")
	n := "  n: {from: app, packages: app, assume-installed: {from: m}}\n"
	write(t, c, strings.Replace(read(t, c), "mirrors:\n", "mirrors:\n"+n, 1))
	r.want(exitFailed, "mirror m is not published yet", "plan", "n", "-c", c)
	r.want(0, "n: published", "sync", "-c", c) // after m
	r.want(0, "n: 1 packages", "plan", "n", "-c", c)
	r.Remove("lib")
	r.AddText("lib 2.0-1 noarch\n")
	r.Publish(r.served)
	r.want(0, "n: 1 packages", "plan", "n", "-c", c)
}
