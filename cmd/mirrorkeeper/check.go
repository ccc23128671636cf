package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// brokenPackage is a package that cannot be installed.
type brokenPackage struct {
	Name         string `json:"name"`
	Version      string `json:"version"`
	Architecture string `json:"architecture"`
	Source       string `json:"source"`
	Reason       string `json:"reason"`
}

func (a *app) checkCommand() *cobra.Command {
	var from origin
	var everything bool
	c := &cobra.Command{
		Use:   "check [--mirror NAME] [--all] | check --from-system [PACKAGE...]",
		Short: "Check that every package can be installed",
		Long: `Checks for every package that the mirrors would hold whether it can be installed from
the mirror that holds it, and says why not; with --all for every package of their
repositories, from these. A package can be installed when there is any set with it
that has all that is required and no conflicts, whether or not a client would choose
it. Exit code 3 when a package cannot be installed.`,
		RunE: func(c *cobra.Command, args []string) error {
			from.everything = everything
			plans, err := a.plans(c, &from, args)
			if err != nil {
				return err
			}
			count, broken := 0, []brokenPackage{}
			for _, p := range plans {
				found, checked, err := check(p, everything)
				if err != nil {
					return fmt.Errorf("%s: %w", p.Mirror, err)
				}
				count += checked
				for _, x := range found {
					broken = append(broken, brokenPackage{x.Package.Name, x.Package.Version, x.Package.Architecture, x.Package.Repository.Source.Name, x.Reason})
				}
			}
			return a.printChecked(count, broken)
		},
	}
	c.Flags().BoolVar(&everything, "all", false, "check every package of the repositories")
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	return c
}

// check tells which packages of a mirror cannot be installed, of everything or of what
// is picked, and how many it looked at.
func check(p *mirror.Planned, everything bool) (broken []solver.Broken, checked int, err error) {
	if everything || isFull(p) {
		checked, broken, err = p.Check()
		return broken, checked, err
	}
	picked := make([]*repo.Package, len(p.Picked))
	for i, x := range p.Picked {
		picked[i] = x.Package
	}
	known := map[*repo.Package]bool{}
	for _, x := range p.Pickings() {
		for _, b := range solver.Check(repo.NewCatalog(x.Format, ofFormat(picked, x.Format)), x.Options) {
			if !known[b.Package] {
				known[b.Package] = true
				broken = append(broken, b)
			}
		}
	}
	for _, x := range picked {
		if !x.IsSource() {
			checked++
		}
	}
	return broken, checked, nil
}

func isFull(p *mirror.Planned) bool {
	return !slices.ContainsFunc(p.Pickings(), func(x mirror.Picking) bool { return x.Solution != nil })
}

func (a *app) printChecked(count int, broken []brokenPackage) error {
	if a.JSON() {
		if err := a.PrintJSON(map[string]any{"packages": count, "broken": broken}); err != nil {
			return err
		}
	} else {
		for _, x := range broken {
			fmt.Fprintf(a.Out, "%s %s %s (%s): %s\n", x.Name, x.Version, x.Architecture, x.Source, x.Reason)
		}
		if !a.Quiet {
			fmt.Fprintf(a.Out, "%d packages, %d of them cannot be installed\n", count, len(broken))
		}
	}
	if len(broken) > 0 {
		return &exit{Code: exitIncomplete}
	}
	return nil
}
