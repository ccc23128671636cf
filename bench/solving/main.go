// Solving reads a Packages file, or a primary.xml, and answers one question about its
// packages, or all of them.
//
//	go run ./bench/solving [-format deb] [-architecture amd64] [-list] QUESTION FILE [SEED...]
//
// The questions are
//
//	pick         what a mirror of the seeds holds, with what is recommended
//	check        which packages cannot be installed
//	unresolved   which relations nothing satisfies
//	all          all three
//
// It says how many there are; with -list it prints the packages and relations instead.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/mirrorkeeper/mirrorkeeper/bench/library"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("solving: ")
	format := flag.String("format", "deb", "deb or rpm")
	architecture := flag.String("architecture", "amd64", "of the machines")
	list := flag.Bool("list", false, "print the packages and relations, not how many there are")
	flag.Parse()
	library.TuneGC()
	if flag.NArg() < 2 {
		flag.Usage()
		os.Exit(2)
	}
	rules, packages, err := library.Read(*format, *architecture, flag.Arg(1))
	if err != nil {
		log.Fatal(err)
	}
	a := answers{catalog: repo.NewCatalog(rules, packages), native: *architecture, to: os.Stdout, list: *list}
	if err := a.answer(flag.Arg(0), flag.Args()[2:]); err != nil {
		log.Fatal(err)
	}
}

// answers are those about one catalog.
type answers struct {
	catalog *repo.Catalog
	native  string
	to      io.Writer
	list    bool
}

func (a *answers) answer(question string, seeds []string) error {
	switch question {
	case "pick":
		return a.pick(seeds)
	case "check":
		a.check()
	case "unresolved":
		a.unresolved()
	case "all":
		a.unresolved()
		a.check()
		return a.pick(seeds)
	default:
		return fmt.Errorf("question %q, expected pick, check, unresolved or all", question)
	}
	return nil
}

// pick fails where a seed has no witness: then less would be measured than is meant.
func (a *answers) pick(names []string) error {
	var seeds []solver.Seed
	for _, name := range names {
		seeds = append(seeds, solver.Seed{Pattern: name, Label: name})
	}
	s := solver.Solve(a.catalog, seeds, solver.Options{Native: a.native, Recommends: true})
	if !a.list {
		fmt.Fprintf(a.to, "%d packages are picked for %d seeds\n", len(s.Picks), len(seeds))
	}
	for _, p := range s.Picks {
		a.print(p.Package)
	}
	if len(seeds) == 0 || len(s.Unknown)+len(s.Unresolved)+len(s.Conflicts) > 0 {
		return errors.New("not every seed can be installed")
	}
	return nil
}

func (a *answers) check() {
	broken := solver.Check(a.catalog, solver.Options{Native: a.native})
	if !a.list {
		fmt.Fprintf(a.to, "%d of %d packages cannot be installed\n", len(broken), len(a.catalog.Packages))
	}
	for _, b := range broken {
		a.print(b.Package)
	}
}

func (a *answers) unresolved() {
	missing := solver.FindUnresolved(a.catalog, a.catalog.Packages, a.native)
	if !a.list {
		fmt.Fprintf(a.to, "%d relations of %d packages are unresolved\n", len(missing), len(a.catalog.Packages))
		return
	}
	for _, x := range missing {
		fmt.Fprintf(a.to, "%s %s\n", x.WantedBy, x.Relation)
	}
}

func (a *answers) print(p *repo.Package) {
	if a.list {
		fmt.Fprintln(a.to, p.Name, p.Version, p.Architecture)
	}
}
