package solver_test

import (
	"fmt"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// plain is the order of versions of a simple format. For real ones see the formats'
// packages.
type plain struct{}

func (plain) Compare(a, b string) int { return strings.Compare(a, b) }

func (plain) Satisfies(version string, op repo.Op, wanted string) bool {
	return op == repo.Any || version != "" && op.Holds(strings.Compare(version, wanted))
}

// requires is a relation that any of the dependencies satisfies.
func requires(alternatives ...repo.Dependency) repo.Relation {
	return repo.Relation{Kind: repo.Requires, Alternatives: alternatives}
}

func ExampleSolve() {
	catalog := repo.NewCatalog(repo.BasicRules{Versions: plain{}}, []*repo.Package{
		{Name: "shop", Version: "1.0", Architecture: "all", Relations: []repo.Relation{
			requires(repo.Dependency{Name: "database", Op: repo.GreaterEqual, Version: "15"}),
			requires(repo.Dependency{Name: "payments"}),
		}},
		{Name: "database", Version: "14.2", Architecture: "amd64"},
		{Name: "database", Version: "15.1", Architecture: "amd64", Relations: []repo.Relation{
			requires(repo.Dependency{Name: "libssl1.1"}, repo.Dependency{Name: "libssl3"}),
		}},
		{Name: "libssl3", Version: "3.0.2", Architecture: "amd64"},
	})
	solution := solver.Solve(catalog, []solver.Seed{{Pattern: "shop"}}, solver.Options{Native: "amd64", Recommends: true})
	for _, p := range solution.Picks {
		fmt.Printf("%s %s: %s\n", p.Package.Name, p.Package.Version, p.Reason)
	}
	for _, u := range solution.Unresolved {
		fmt.Printf("%s lacks %s: %s\n", u.WantedBy.Name, u.Relation, u.Reason)
	}
	// Output:
	// shop 1.0: seed shop
	// database 15.1: shop 1.0 requires database (>= 15)
	// libssl3 3.0.2: database 15.1 requires libssl1.1 | libssl3
	// shop lacks payments: no package has or provides it
}

func ExampleSolution_Why() {
	catalog := repo.NewCatalog(repo.BasicRules{Versions: plain{}}, []*repo.Package{
		{Name: "shop", Version: "1.0", Architecture: "all", Relations: []repo.Relation{requires(repo.Dependency{Name: "database"})}},
		{Name: "database", Version: "15.1", Architecture: "amd64", Relations: []repo.Relation{requires(repo.Dependency{Name: "libssl3"})}},
		{Name: "libssl3", Version: "3.0.2", Architecture: "amd64"},
	})
	solution := solver.Solve(catalog, []solver.Seed{{Pattern: "shop"}}, solver.Options{Native: "amd64"})
	for _, chain := range solution.Why("libssl3") {
		for _, p := range chain {
			fmt.Printf("%s (%s)\n", p.Package.Name, p.Reason)
		}
	}
	// Output:
	// shop (seed shop)
	// database (shop 1.0 requires database)
	// libssl3 (database 15.1 requires libssl3)
}
