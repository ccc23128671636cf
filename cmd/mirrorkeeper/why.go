package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// link is one step from a seed to a package.
type link struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Architecture string `json:"architecture"`
	Reason       string `json:"reason"`
}

// chainTo is one chain to a package of a mirror.
type chainTo struct {
	Mirror string `json:"mirror"`
	Chain  []link `json:"chain"`
}

func (a *app) whyCommand() *cobra.Command {
	var from origin
	var all bool
	var most int
	c := &cobra.Command{
		Use:   "why PACKAGE [--mirror NAME] | why PACKAGE --from-system SEED...",
		Short: "Print why a mirror holds a package: the chain from a seed",
		Long: `Prints the shortest chain that leads from a seed to the package, for every mirror that
holds it, with --all all chains, the shortest first. Exit code 3 when no mirror holds it.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			wanted, err := expression(args[0])
			switch {
			case err != nil:
				return usage("%v", err)
			case most < 1:
				return usage("--most is %d; it is a number of chains, at least 1", most)
			}
			plans, err := a.plans(c, &from, args[1:])
			if err != nil {
				return err
			}
			answers, more := []chainTo{}, false
			for _, p := range plans {
				found, others := chains(p, wanted, all, most)
				answers, more = append(answers, found...), more || others
			}
			return a.printChains(args[0], answers, more)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "print all chains")
	c.Flags().IntVar(&most, "most", 20, "with --all: the `number` of chains of each package at most")
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	return c
}

func (a *app) printChains(wanted string, answers []chainTo, more bool) error {
	if a.JSON() {
		if err := a.PrintJSON(map[string]any{"why": answers, "more": more}); err != nil {
			return err
		}
	} else {
		for _, x := range answers {
			fmt.Fprintf(a.Out, "%s:\n", x.Mirror)
			for i, l := range x.Chain {
				fmt.Fprintf(a.Out, "%*s%s %s %s (%s)\n", 2*i+2, "", l.Name, l.Version, l.Architecture, l.Reason)
			}
		}
		if more {
			fmt.Fprintln(a.Out, "there are more; --most sets how many are printed")
		}
	}
	if len(answers) == 0 {
		return notHeld(wanted)
	}
	return nil
}

// chains leads to the packages of a mirror that the expression names: to each by the
// shortest chain, or by all.
func chains(p *mirror.Planned, wanted solver.Seed, all bool, most int) (found []chainTo, more bool) {
	held := map[*repo.Package]bool{}
	for _, x := range named(p.Catalog, wanted) {
		held[x] = true
	}
	var g *solver.Graph
	for _, x := range p.Picked {
		if x.IsSource() && x.Name == wanted.Pattern {
			held[x.Package] = true
		}
		if !held[x.Package] {
			continue
		}
		var chains [][]solver.Pick
		if all {
			if g == nil {
				g = graphOf(p)
			}
			var others bool
			chains, others = g.Chains(x.Package, most)
			more = more || others
		}
		for _, c := range chains {
			found = append(found, chainTo{p.Mirror, links(c)})
		}
		if chains == nil { // also for what the solver did not pick, such as source packages
			found = append(found, chainTo{p.Mirror, chain(p, x)})
		}
	}
	return found, more
}

func links(chain []solver.Pick) (out []link) {
	for _, p := range chain {
		out = append(out, link{p.Package.Name, p.Package.Version, p.Package.Architecture, p.Reason.String()})
	}
	return out
}

// chain leads from a seed to the pick.
func chain(p *mirror.Planned, x mirror.Picked) (out []link) {
	by := map[*repo.Package]mirror.Picked{}
	for _, y := range p.Picked {
		by[y.Package] = y
	}
	seen := map[*repo.Package]bool{}
	for !seen[x.Package] {
		seen[x.Package] = true
		out = append(out, link{x.Name, x.Version, x.Architecture, x.Reason})
		if x.By == nil {
			break
		}
		x = by[x.By]
	}
	slices.Reverse(out)
	return out
}
