package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

func (a *app) unresolvedCommand() *cobra.Command {
	var from origin
	var everything bool
	table := console.Table[mirror.Unresolved]{Columns: assembly.UnresolvedColumns()}
	c := &cobra.Command{
		Use:   "unresolved [--mirror NAME] | unresolved --from-system [PACKAGE...]",
		Short: "List the relations that nothing satisfies",
		Long:  "Lists the relations of the mirrors' packages that nothing satisfies; with --all those of every package of their repositories. The columns are " + table.Names() + ". Exit code 3 when there are any.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := table.Check(); err != nil {
				return err
			}
			from.everything = everything
			s, err := a.setUp(c.Context(), &from, args, false)
			if err != nil {
				return err
			}
			defer s.Close()
			list := []mirror.Unresolved{}
			for _, j := range s.Jobs {
				p, err := mirror.Plan(c.Context(), j)
				if err != nil {
					return fmt.Errorf("%s: %w", j.Mirror.Name, err)
				}
				found := p.Unresolved
				if everything || j.Mirror.Full() {
					if found, err = p.FindUnresolved(); err != nil {
						return fmt.Errorf("%s: %w", j.Mirror.Name, err)
					}
				}
				list = append(list, found...)
			}
			return a.printUnresolved(table, list)
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	table.Flags(c, "name", "version", "alternative", "wanted-by", "reason")
	c.Flags().BoolVar(&everything, "all", false, "look at every package of the repositories")
	return c
}

func (a *app) printUnresolved(t console.Table[mirror.Unresolved], list []mirror.Unresolved) error {
	var err error
	switch {
	case a.JSON():
		err = a.PrintJSON(map[string]any{"unresolved": list})
	case len(list) > 0:
		err = t.Print(a.Out, list)
	}
	if err == nil && len(list) > 0 {
		return &exit{Code: exitIncomplete}
	}
	return err
}
