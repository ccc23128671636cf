package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// unresolvedColumns are what unresolved can print: name and version of what is asked
// for first, and the alternatives to it.
var unresolvedColumns = []column[mirror.Unresolved]{
	{"name", func(x mirror.Unresolved) string { return first(x).Name }},
	{"version", func(x mirror.Unresolved) string {
		return strings.TrimSpace(first(x).Op.String() + " " + first(x).Version)
	}},
	{"alternative", func(x mirror.Unresolved) string {
		return repo.Relation{Alternatives: x.Relation.Alternatives[min(1, len(x.Relation.Alternatives)):]}.String()
	}},
	{"wanted-by", func(x mirror.Unresolved) string { return x.WantedBy }},
	{"reason", func(x mirror.Unresolved) string { return x.Reason }},
}

func first(x mirror.Unresolved) repo.Dependency {
	if len(x.Relation.Alternatives) == 0 {
		return repo.Dependency{Name: x.Requirement}
	}
	return x.Relation.Alternatives[0]
}

func (a *app) unresolvedCommand() *cobra.Command {
	var from origin
	var everything bool
	table := table[mirror.Unresolved]{columns: unresolvedColumns}
	c := &cobra.Command{
		Use:   "unresolved [--mirror NAME] | unresolved --from-system [PACKAGE...]",
		Short: "List the relations that nothing satisfies",
		Long:  "Lists the relations of the mirrors' packages that nothing satisfies; with --all those of every package of their repositories. The columns are " + table.names() + ". Exit code 3 when there are any.",
		RunE: func(c *cobra.Command, args []string) error {
			if err := table.check(); err != nil {
				return err
			}
			from.everything = everything
			s, err := a.setUp(c.Context(), &from, args, false)
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
	table.flags(c, "name", "version", "alternative", "wanted-by", "reason")
	c.Flags().BoolVar(&everything, "all", false, "look at every package of the repositories")
	return c
}

func (a *app) printUnresolved(t table[mirror.Unresolved], list []mirror.Unresolved) error {
	var err error
	switch {
	case a.json():
		err = a.printJSON(map[string]any{"unresolved": list})
	case len(list) > 0:
		err = t.print(a.out, list)
	}
	if err == nil && len(list) > 0 {
		return &exit{code: exitIncomplete}
	}
	return err
}
