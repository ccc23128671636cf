package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// link is one step from a seed to a package.
type link struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Architecture string `json:"architecture"`
	Reason       string `json:"reason"`
}

func (a *app) whyCommand() *cobra.Command {
	var from origin
	c := &cobra.Command{
		Use:   "why PACKAGE [--mirror NAME] | why PACKAGE --from-system SEED...",
		Short: "Print why a mirror holds a package: the chain from a seed",
		Long:  "Prints the chain that leads from a seed to the package, for every mirror that holds it. Exit code 3 when none does.",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			plans, err := a.plans(c, &from, args[1:])
			if err != nil {
				return err
			}
			type answer struct {
				Mirror string `json:"mirror"`
				Chain  []link `json:"chain"`
			}
			answers := []answer{}
			for _, p := range plans {
				for _, x := range p.Picked {
					if x.Name == args[0] {
						answers = append(answers, answer{p.Mirror, chain(p, x)})
					}
				}
			}
			if a.json() {
				if err := a.printJSON(map[string]any{"why": answers}); err != nil {
					return err
				}
			}
			if len(answers) == 0 {
				return &exit{code: exitIncomplete, err: fmt.Errorf("no mirror holds %s", args[0]), hint: "mirrorkeeper packages --all lists what upstream has"}
			}
			if a.json() {
				return nil
			}
			for _, x := range answers {
				fmt.Fprintf(a.out, "%s:\n", x.Mirror)
				for i, l := range x.Chain {
					fmt.Fprintf(a.out, "%*s%s %s %s (%s)\n", 2*i+2, "", l.Name, l.Version, l.Architecture, l.Reason)
				}
			}
			return nil
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	return c
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
