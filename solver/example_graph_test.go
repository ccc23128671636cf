package solver_test

import (
	"fmt"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// shop is a catalog in which a shop needs a database.
func shop() *repo.Catalog {
	return repo.NewCatalog(repo.BasicRules{Versions: plain{}}, []*repo.Package{
		{Name: "shop", Version: "1.0", Architecture: "amd64", Relations: []repo.Relation{
			requires(repo.Dependency{Name: "database"}), requires(repo.Dependency{Name: "libssl3"}),
		}},
		{Name: "database", Version: "14", Architecture: "amd64"},
		{Name: "database", Version: "15", Architecture: "amd64", Relations: []repo.Relation{requires(repo.Dependency{Name: "libssl3"})}},
		{Name: "libssl3", Version: "3.0.2", Architecture: "amd64"},
	})
}

func ExampleFindPackages() {
	for _, p := range solver.FindPackages(shop(), solver.Query{Requires: []solver.Seed{{Pattern: "libssl*"}}, Natives: []string{"amd64"}}) {
		fmt.Println(p)
	}
	// Output:
	// shop 1.0 amd64
	// database 15 amd64
}

func ExampleWhyNot() {
	catalog, seeds, options := shop(), []solver.Seed{{Pattern: "shop"}}, solver.Options{Native: "amd64"}
	solution := solver.Solve(catalog, seeds, options)
	for _, x := range solver.WhyNot(catalog, solution, seeds, options, solver.Seed{Pattern: "database"}) {
		fmt.Println(x.Package, x.Reasons)
	}
	// Output:
	// database 14 amd64 [shop 1.0 requires database, for which there is database 15, a higher version]
}

func ExampleGraph_Chains() {
	catalog, options := shop(), solver.Options{Native: "amd64"}
	graph := solver.NewGraph(catalog, solver.Solve(catalog, []solver.Seed{{Pattern: "shop"}}, options).Picks, options)
	chains, more := graph.Chains(catalog.Named("libssl3")[0], 20)
	for _, chain := range chains {
		var steps []string
		for _, p := range chain {
			steps = append(steps, p.Reason.String())
		}
		fmt.Println(strings.Join(steps, "; "))
	}
	fmt.Println(more)
	// Output:
	// seed shop; shop 1.0 requires libssl3
	// seed shop; shop 1.0 requires database; database 15 requires libssl3
	// false
}

func ExampleGraph_Tree() {
	catalog, options := shop(), solver.Options{Native: "amd64"}
	graph := solver.NewGraph(catalog, solver.Solve(catalog, []solver.Seed{{Pattern: "shop"}}, options).Picks, options)
	var show func(t *solver.Tree, indent string)
	show = func(t *solver.Tree, indent string) {
		fmt.Println(indent+t.Pick.Package.String(), t.Repeated)
		for _, branch := range t.Branches {
			show(branch, indent+"- ")
		}
	}
	show(graph.Tree(catalog.Named("shop")[0], 0, false), "")
	// Output:
	// shop 1.0 amd64 false
	// - database 15 amd64 false
	// - - libssl3 3.0.2 amd64 false
	// - libssl3 3.0.2 amd64 false
}
