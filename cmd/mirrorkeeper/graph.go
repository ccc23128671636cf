package main

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// graphOf is the graph of what a mirror holds, for all machines together.
func graphOf(p *mirror.Planned) *solver.Graph {
	var graphs []*solver.Graph
	for _, x := range p.Pickings() {
		graphs = append(graphs, solver.NewGraph(x.Catalog, solutionOf(x).Picks, x.Options))
	}
	return solver.Join(graphs...)
}

// solutionOf is what is picked for a kind of machine: in a full mirror everything.
func solutionOf(x mirror.Picking) *solver.Solution {
	if x.Solution != nil {
		return x.Solution
	}
	all := &solver.Solution{}
	for _, p := range x.Catalog.Packages {
		if !p.IsSource() {
			all.Picks = append(all.Picks, solver.Pick{Package: p})
		}
	}
	return all
}

// held are the packages of a graph that an expression names.
func held(g *solver.Graph, wanted solver.Seed) []*repo.Package {
	packages := make([]*repo.Package, len(g.Picks))
	for i, p := range g.Picks {
		packages[i] = p.Package
	}
	return named(packages, wanted)
}

// named are the packages that an expression names.
func named(packages []*repo.Package, wanted solver.Seed) (found []*repo.Package) {
	for _, format := range assembly.Formats() {
		for _, p := range ofFormat(packages, format) {
			if !p.IsSource() && wanted.Names(format, p) {
				found = append(found, p)
			}
		}
	}
	return found
}

func ofFormat(packages []*repo.Package, format repo.Format) (of []*repo.Package) {
	for _, p := range packages {
		if p.Repository.Source.Type == format.Name() {
			of = append(of, p)
		}
	}
	return of
}

// installs reports whether a kind of machine may install the package.
func installs(x mirror.Picking, p *repo.Package) bool {
	return p.On(x.Machine.Native, x.Machine.Native) || slices.Contains(x.Machine.Accepts, p.Architecture)
}
