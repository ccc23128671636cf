package main

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// selection makes the arguments of the command line packages to take from sources, where
// flags name some.
func (x *creation) selection(c *config.Config, r *config.Repository) error {
	switch {
	case x.fromSystem:
		source := config.NewSource("system")
		source.From, source.Type = "system", r.Type
		c.Sources = []config.Source{source}
		r.From = []string{source.Name}
	case len(x.from) == 0:
		return nil
	default:
		for _, name := range x.from {
			if c.Source(name) == nil {
				return usage("there is no source %q in the configuration", name)
			}
		}
		r.From = x.from
	}
	for _, text := range r.Packages {
		seed, err := config.ParseSeed(text)
		if err != nil {
			return usage("%v", err)
		}
		r.Select = append(r.Select, seed)
	}
	r.Packages, r.Closure, r.Recommends = nil, x.closure, !x.noWeak
	return nil
}

// selectPackages adds the packages that the repository takes from sources to the inputs
// of its job, and tells what was asked for and is not there.
func selectPackages(ctx context.Context, b *assembly.Builder, r config.Repository, j *create.Job, reading *fetch.Fetcher) ([]mirror.Unresolved, error) {
	if len(r.From) == 0 {
		return nil, nil
	}
	m := config.NewMirror(r.Name)
	m.From, m.Packages, m.Recommends = r.From, r.Select, r.Closure && r.Recommends
	plan, err := b.Job(m)
	if err != nil {
		return nil, err
	}
	// Nothing of that name is published as a mirror: the plan is one of all packages.
	plan.Mirror.Name = "packages of " + r.Name
	plan.Store, plan.Fetcher, plan.Log, plan.Progress, plan.Grace = b.Store, reading, b.Log, j.Progress, j.Grace
	planned, err := mirror.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	unresolved := planned.Unresolved
	if !r.Closure {
		unresolved = slices.DeleteFunc(unresolved, func(x mirror.Unresolved) bool { return x.WantedBy != "seed" })
	}
	count := 0
	for _, p := range planned.Picked {
		if !r.Closure && p.By != nil {
			continue
		}
		count++
		for _, f := range planned.Locate(p.Package) {
			if p.IsSource() && !j.Creator.IsPackage(path.Base(f.Path)) {
				continue // a part of the source package, which names it
			}
			if len(f.URLs) == 0 {
				return nil, fmt.Errorf("no URL is known of %s", p)
			}
			j.Inputs = append(j.Inputs, create.Input{URL: f.URLs[0], Others: f.URLs[1:], Size: f.Size, Digest: f.Digest})
		}
	}
	if count == 0 && len(unresolved) > 0 {
		return nil, fmt.Errorf("nothing to take: %s: %s", unresolved[0].Requirement, unresolved[0].Reason)
	}
	return unresolved, nil
}
