package main

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

func (a *app) unresolvedCommand() *cobra.Command {
	var from origin
	var everything bool
	c := &cobra.Command{
		Use:   "unresolved [--mirror NAME] | unresolved --from-system [PACKAGE...]",
		Short: "List the relations that nothing satisfies",
		Long:  "Lists the relations of the mirrors' packages that nothing satisfies; with --all those of every package of their repositories. Exit code 3 when there are any.",
		RunE: func(c *cobra.Command, args []string) error {
			from.everything = everything
			s, err := a.setUp(&from, args, false)
			if err != nil {
				return err
			}
			defer s.close()
			list := []mirror.Unresolved{}
			for _, j := range s.jobs {
				p, err := mirror.Plan(c.Context(), j)
				if err != nil {
					return fmt.Errorf("%s: %w", j.Mirror.Name, err)
				}
				if everything || j.Mirror.Full() {
					list = append(list, ofRepositories(p.Catalog, j.Mirror)...)
				} else {
					list = append(list, p.Unresolved...)
				}
			}
			return a.printUnresolved(list)
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	c.Flags().BoolVar(&everything, "all", false, "look at every package of the repositories")
	return c
}

// ofRepositories are the unresolved relations of whole repositories.
func ofRepositories(all []*repo.Package, m *mirror.Mirror) (out []mirror.Unresolved) {
	for _, f := range formats() {
		var of []*repo.Package
		for _, p := range all {
			if p.Repository.Source.Type == f.Name() {
				of = append(of, p)
			}
		}
		catalog := repo.NewCatalog(f, of)
		for _, native := range m.Architectures() {
			for _, x := range solver.FindUnresolved(catalog, of, native) {
				if x.WantedBy.On(native, native) {
					u := mirror.Unresolved{Requirement: x.Relation.String(), WantedBy: x.WantedBy.String(), Reason: x.Reason}
					if !slices.Contains(out, u) {
						out = append(out, u)
					}
				}
			}
		}
	}
	return out
}

func (a *app) printUnresolved(list []mirror.Unresolved) error {
	if a.json() {
		if err := a.printJSON(map[string]any{"unresolved": list}); err != nil {
			return err
		}
	} else if len(list) > 0 {
		w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "REQUIREMENT\tWANTED BY\tREASON")
		for _, x := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\n", x.Requirement, x.WantedBy, x.Reason)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if len(list) > 0 {
		return &exit{code: exitIncomplete}
	}
	return nil
}
