package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/switching/packetary"
)

// output says in which form a table is printed.
type output struct {
	columns   packetary.Columns
	shown, by []string
	separator string
}

func (o *output) flags(c *cobra.Command) {
	c.Flags().StringArrayVarP(&o.shown, "column", "c", nil, "`names` of columns to print, with blanks between")
	c.Flags().StringArrayVarP(&o.by, "sort-columns", "s", nil, "`names` of columns to sort by, with blanks between")
	c.Flags().StringVar(&o.separator, "sep", "; ", "`text` between columns")
}

// print prints a table, or its rows as JSON.
func (a *app) print(o *output, name string, rows [][]string) error {
	if !a.JSON() {
		return o.columns.Print(a.Out, rows, o.shown, o.by, o.separator)
	}
	objects := []map[string]string{}
	for _, row := range rows {
		object := map[string]string{}
		for i, column := range o.columns {
			object[column] = row[i]
		}
		objects = append(objects, object)
	}
	return a.PrintJSON(map[string]any{name: objects})
}

func (a *app) packagesCommand() *cobra.Command {
	o := &output{columns: packetary.PackageColumns}
	c := &cobra.Command{
		Use:   "packages -r FILE [-R FILE]",
		Short: "List the packages of repositories, or those that are required",
		RunE: func(c *cobra.Command, _ []string) error {
			plan, err := a.lookAt(c, o)
			if err != nil {
				return err
			}
			assembly.PrintFindings(&a.Console, plan.Unresolved, plan.Refused)
			var rows [][]string
			for _, p := range plan.Picked {
				rows = append(rows, packageRow(p.Package))
			}
			return a.print(o, "packages", rows)
		},
	}
	a.repositoryFlags(c)
	a.listFlags(c, true)
	o.flags(c)
	return c
}

// lookAt plans the clone of the repositories that the options name, when the table can be
// printed.
func (a *app) lookAt(c *cobra.Command, o *output) (*mirror.Planned, error) {
	if err := o.columns.Check(slices.Concat(o.shown, o.by)...); err != nil {
		return nil, usage(err)
	}
	if err := a.lookInto(); err != nil {
		return nil, err
	}
	clone, q, err := a.clone()
	if err != nil {
		return nil, err
	}
	if err := a.choose(c.Context(), clone, q); err != nil {
		return nil, err
	}
	return a.plan(c.Context(), clone)
}

func packageRow(p *repo.Package) []string {
	values := map[string]string{}
	for _, column := range assembly.PackageColumns() {
		values[column.Name] = column.Value(p)
	}
	values["repository"] = p.Repository.Source.Name
	values["filesize"] = strconv.FormatInt(p.File.Size, 10)
	row := make([]string, len(packetary.PackageColumns))
	for i, name := range packetary.PackageColumns {
		row[i] = values[name]
	}
	return row
}

func (a *app) unresolvedCommand() *cobra.Command {
	o := &output{columns: packetary.UnresolvedColumns}
	c := &cobra.Command{
		Use:   "unresolved -r FILE",
		Short: "List the relations of packages that nothing in the repositories satisfies",
		RunE: func(c *cobra.Command, _ []string) error {
			plan, err := a.lookAt(c, o)
			if err != nil {
				return err
			}
			found, err := plan.FindUnresolved()
			if err != nil {
				return err
			}
			rows, seen := [][]string{}, map[[3]string]bool{}
			for _, x := range found {
				var row [3]string
				for _, column := range assembly.UnresolvedColumns() {
					if i := slices.Index(packetary.UnresolvedColumns, column.Name); i >= 0 {
						row[i] = column.Value(x)
					}
				}
				if !seen[row] {
					seen[row] = true
					rows = append(rows, row[:])
				}
			}
			return a.print(o, "unresolved", rows)
		},
	}
	a.repositoryFlags(c)
	a.listFlags(c, false)
	o.flags(c)
	return c
}
