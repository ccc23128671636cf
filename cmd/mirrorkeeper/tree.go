package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/solver/drawing"
)

// branch is a package in the tree of another one.
type branch struct {
	Name         string   `json:"name"`
	Version      string   `json:"version"`
	Architecture string   `json:"architecture"`
	Reason       string   `json:"reason"`
	Repeated     bool     `json:"repeated,omitempty"`
	Cut          bool     `json:"cut,omitempty"`
	Branches     []branch `json:"branches,omitempty"`
}

// tree is what the command is asked for.
type tree struct {
	*app
	depth   int
	reverse bool
	graph   string
}

func (a *app) treeCommand() *cobra.Command {
	var from origin
	t := tree{app: a}
	c := &cobra.Command{
		Use:   "tree PACKAGE [--mirror NAME] | tree --graph dot|svg [PACKAGE] | tree PACKAGE --from-system [SEED...]",
		Short: "Print what a package of a mirror asks for, as a tree or a drawing",
		Long: `Prints the tree of what a package of a mirror asks for there, with --reverse of what
asks for it. Each package's own branches stand once, where it is nearest to the top;
elsewhere it is marked with (*). Behind a name stands the relation where it is a weak
one or names something else.

With --graph it is written for dot(1) of graphviz, or drawn as SVG; without a package
this is the whole mirror. In a drawing, relations that follow from others are left out.
With --from-system, the package is the seed where there is no other. Exit code 3 when no
mirror holds the package.`,
		RunE: func(c *cobra.Command, args []string) error {
			wanted, seeds, err := t.check(&from, args)
			if err != nil {
				return err
			}
			plans, err := a.plans(c, &from, seeds)
			if err != nil {
				return err
			}
			if t.graph != "" {
				return t.draw(plans, wanted)
			}
			return t.print(plans, wanted)
		},
	}
	c.Flags().IntVar(&t.depth, "depth", 0, "`number` of levels below the package (default: all)")
	c.Flags().BoolVar(&t.reverse, "reverse", false, "print what asks for the package")
	c.Flags().StringVar(&t.graph, "graph", "", "write a graph in this `form`: dot or svg")
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	return c
}

// check reads the arguments: the package, nil for none, and the seeds.
func (t *tree) check(from *origin, args []string) (wanted *solver.Seed, seeds []string, err error) {
	switch {
	case t.graph != "" && t.graph != "dot" && t.graph != "svg":
		return nil, nil, usage("--graph is %q; it is dot or svg", t.graph)
	case t.graph != "" && t.JSON():
		return nil, nil, usage("--graph and --output json exclude each other")
	case t.depth < 0:
		return nil, nil, usage("--depth is %d; it is a number of levels, or 0 for all", t.depth)
	case len(args) == 0 && t.graph == "":
		return nil, nil, usage("tree takes the name of a package; only --graph draws a whole mirror")
	case len(args) == 0 && (t.depth > 0 || t.reverse):
		return nil, nil, usage("--depth and --reverse go with a package")
	case len(args) == 0:
		return nil, nil, nil
	}
	x, err := expression(args[0])
	if err != nil {
		return nil, nil, usage("%v", err)
	}
	if seeds = args[1:]; from.fromSystem && len(seeds) == 0 {
		seeds = args
	}
	return &x, seeds, nil
}

func (t *tree) print(plans []*mirror.Planned, wanted *solver.Seed) error {
	type answer struct {
		Mirror string `json:"mirror"`
		branch
	}
	answers := []answer{}
	for _, p := range plans {
		g := graphOf(p)
		for _, x := range held(g, *wanted) {
			top := g.Tree(x, t.depth, t.reverse)
			if t.JSON() {
				answers = append(answers, answer{p.Mirror, newBranch(top)})
				continue
			}
			answers = append(answers, answer{Mirror: p.Mirror})
			fmt.Fprintf(t.Out, "%s: %s\n", p.Mirror, x)
			t.printBranches(top, "")
		}
	}
	if t.JSON() {
		if err := t.PrintJSON(map[string]any{"trees": answers}); err != nil {
			return err
		}
	}
	if len(answers) == 0 {
		return notHeld(wanted.String())
	}
	return nil
}

// notHeld says that no mirror has the package.
func notHeld(wanted string) error {
	return &exit{Code: exitIncomplete, Err: fmt.Errorf("no mirror holds %s", wanted), Hint: "mirrorkeeper why-not tells what keeps it out"}
}

func newBranch(t *solver.Tree) branch {
	p := t.Pick.Package
	b := branch{Name: p.Name, Version: p.Version, Architecture: p.Architecture, Reason: t.Pick.Reason.String(), Repeated: t.Repeated, Cut: t.Cut}
	for _, x := range t.Branches {
		b.Branches = append(b.Branches, newBranch(x))
	}
	return b
}

func (t *tree) printBranches(of *solver.Tree, indent string) {
	for i, b := range of.Branches {
		edge, below := "├── ", "│   "
		if i == len(of.Branches)-1 {
			edge, below = "└── ", "    "
		}
		fmt.Fprintf(t.Out, "%s%s%s%s\n", indent, edge, b.Pick.Package, t.note(b))
		t.printBranches(b, indent+below)
	}
}

// note says of a branch what its name does not tell: the relation, and what is not
// shown below it.
func (t *tree) note(b *solver.Tree) (note string) {
	r, asked := b.Pick.Reason.Relation, b.Pick.Package
	if t.reverse {
		asked = nil // the one above it is
	}
	plain := asked != nil && len(r.Alternatives) == 1 && r.Alternatives[0].Name == asked.Name
	switch {
	case b.Pick.Reason.Replaces != nil:
		note = " takes the place of " + b.Pick.Reason.Replaces.String()
	case !r.Kind.Hard() || !plain:
		note = " (" + r.Kind.String() + " " + r.String() + ")"
	case r.Alternatives[0].Op != repo.Any:
		note = " " + strings.TrimPrefix(r.String(), repo.Dependency{Name: r.Alternatives[0].Name, Architecture: r.Alternatives[0].Architecture}.String()+" ")
	}
	switch {
	case b.Repeated:
		note += " (*)"
	case b.Cut:
		note += " ..."
	}
	return note
}

func (t *tree) draw(plans []*mirror.Planned, wanted *solver.Seed) error {
	if len(plans) != 1 {
		return usage("a graph is of one mirror, and there are %d: choose one with --mirror", len(plans))
	}
	g := graphOf(plans[0])
	if wanted != nil {
		packages := held(g, *wanted)
		if len(packages) == 0 {
			return notHeld(wanted.String())
		}
		g = g.Part(packages, t.depth, t.reverse)
	}
	if t.graph == "dot" {
		return drawing.WriteDOT(t.Out, g)
	}
	err := drawing.WriteSVG(t.Out, g)
	if errors.Is(err, drawing.ErrTooLarge) {
		return &exit{Code: exitUsage, Err: err, Hint: "name a package, and maybe a --depth; or write --graph dot, which has no limit"}
	}
	return err
}
