package main

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// faults are the sites, each with its fault.
func faults() []*site {
	half := []watch.State{watch.HalfSynced}
	return []*site{
		{fault: "none", harmless: true},
		{fault: "copying stops", is: []watch.State{watch.Behind}},
		{fault: "copying runs, the timestamp alone arrives", is: []watch.State{watch.Behind}},
		{fault: "new packages are left out", is: half},
		{fault: "a new package is cut", is: half},
		{fault: "old packages are deleted, metadata stays", is: half},
		{fault: "new root over old indexes", is: half},
		{fault: "one old package of all is gone", is: half},
		{fault: "one old package has other bytes, same size", is: half},
		{fault: "pages of HTML with status 200 for packages", is: half},
		{fault: "pages of HTML with status 200 for all", is: half},
		{fault: "one of two servers stands still", is: []watch.State{watch.Incoherent, watch.HalfSynced, watch.Behind}},
		{fault: "a cache holds old metadata", is: []watch.State{watch.Behind}},
		{fault: "another repository, signed by another key", is: []watch.State{watch.Foreign}},
		{fault: "no answer", is: []watch.State{watch.Unreachable}},
		{fault: "the timestamp is left out, content is right", harmless: true},
	}
}

// faultOf is what happens to the site when faults begin.
func faultOf(s *site) func(f *fleet) {
	begin := map[string]func(f *fleet){
		"copying stops": func(*fleet) { s.copy, s.waits = func(*fleet, *site) {}, true },
		"copying runs, the timestamp alone arrives": func(*fleet) {
			s.copy, s.waits = func(f *fleet, s *site) { s.stamp = f.source.stamp }, true
		},
		"new packages are left out": func(*fleet) {
			s.copy = copyWith(func(_ *site, tree map[string][]byte, added []string) {
				for _, name := range added {
					delete(tree, name)
				}
			})
		},
		"a new package is cut": func(*fleet) {
			s.copy = copyWith(func(_ *site, tree map[string][]byte, added []string) {
				name := slices.Min(added)
				tree[name] = tree[name][:len(tree[name])/2]
			})
		},
		"old packages are deleted, metadata stays": func(*fleet) {
			s.copy = func(f *fleet, s *site) {
				tree := maps.Clone(s.tree)
				maps.DeleteFunc(tree, func(name string, _ []byte) bool {
					_, there := f.source.tree[name]
					return strings.HasPrefix(name, "pool/") && !there
				})
				if len(tree) < len(s.tree) {
					s.bad(f)
				}
				s.tree, s.stamp = tree, f.source.stamp
			}
		},
		"new root over old indexes": func(*fleet) {
			s.copy = copyWith(func(s *site, tree map[string][]byte, _ []string) {
				for name := range tree {
					if strings.HasPrefix(name, "dists/") && name != root {
						tree[name] = s.tree[name]
					}
				}
			})
		},
		"one old package of all is gone": func(f *fleet) {
			s.copy = copyAnd(func(tree map[string][]byte) { delete(tree, f.lasting) })
			s.copy(f, s)
			s.bad(f)
		},
		"one old package has other bytes, same size": func(f *fleet) {
			s.copy = copyAnd(func(tree map[string][]byte) {
				other := bytes.Clone(tree[f.lasting])
				for i := range other {
					other[i] ^= 0xff
				}
				tree[f.lasting] = other
			})
			s.copy(f, s)
			s.bad(f)
		},
		"pages of HTML with status 200 for packages": func(f *fleet) {
			s.answer = func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
				if strings.HasSuffix(r.URL.Path, ".deb") {
					page(w)
					return
				}
				serve(w, r)
			}
			s.bad(f)
		},
		"pages of HTML with status 200 for all": func(f *fleet) {
			s.answer = func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { page(w) }
			s.bad(f)
		},
		"one of two servers stands still": func(*fleet) { s.previous, s.waits = s.tree, true },
		"a cache holds old metadata": func(*fleet) {
			old := s.tree
			s.copy, s.waits = func(f *fleet, s *site) {
				tree := maps.Clone(f.source.tree)
				maps.Copy(tree, old) // it still has old packages, too
				s.tree, s.stamp = tree, f.source.stamp
			}, true
		},
		"another repository, signed by another key": func(f *fleet) {
			s.copy = func(f *fleet, s *site) { s.tree, s.stamp = f.foreign, f.source.stamp }
			s.copy(f, s)
			s.bad(f)
		},
		"no answer": func(f *fleet) {
			s.answer = func(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }
			s.bad(f)
		},
		"the timestamp is left out, content is right": func(*fleet) {
			s.copy = func(f *fleet, s *site) { s.tree = f.source.tree }
		},
	}
	return begin[s.fault]
}

// copyAnd copies the source and then does something to the copy, always the same.
func copyAnd(change func(tree map[string][]byte)) func(f *fleet, s *site) {
	return func(f *fleet, s *site) {
		tree := maps.Clone(f.source.tree)
		change(tree)
		s.tree, s.stamp = tree, f.source.stamp
	}
}

func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<!DOCTYPE html><html><body>Sign in to the network</body></html>\n"))
}
