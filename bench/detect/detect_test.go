package main

import (
	"testing"
	"time"
)

// Every site has its fault, and the watcher may call it something.
func TestFaults(t *testing.T) {
	named := map[string]bool{}
	for _, s := range faults() {
		if named[s.fault] {
			t.Errorf("there are two sites with the fault %q", s.fault)
		}
		named[s.fault] = true
		if s.harmless != (len(s.is) == 0) || s.fault != "none" && faultOf(s) == nil {
			t.Errorf("nothing happens to the site with the fault %q, or nothing is said of it", s.fault)
		}
	}
}

// A repository has so many generations, of which each adds and removes packages.
func TestRepository(t *testing.T) {
	r, err := newRepository(time.Now(), 30, 4)
	if err != nil {
		t.Fatal(err)
	}
	for g, tree := range r.trees {
		if _, there := tree[r.lasting]; !there || len(tree) != 30+2+g*(added-removed) {
			t.Errorf("generation %d has %d files", g, len(tree))
		}
	}
	if _, err := newRepository(time.Now(), 30, 40); err == nil {
		t.Error("more packages are removed than there are")
	}
}
