package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// columns are what packages can print of a package.
var columns = []struct {
	name  string
	value func(p *repo.Package) string
}{
	{"name", func(p *repo.Package) string { return p.Name }},
	{"repository", func(p *repo.Package) string { return p.Repository.String() }},
	{"version", func(p *repo.Package) string { return p.Version }},
	{"architecture", func(p *repo.Package) string { return p.Architecture }},
	{"filename", func(p *repo.Package) string { return p.File.Path }},
	{"filesize", func(p *repo.Package) string { return strconv.FormatInt(p.File.Size, 10) }},
	{"checksum", func(p *repo.Package) string { return p.File.Digest.String() }},
	{"obsoletes", func(p *repo.Package) string { return relations(p, repo.Obsoletes) }},
	{"provides", provides},
	{"requires", func(p *repo.Package) string { return relations(p, repo.PreRequires, repo.Requires) }},
	{"recommends", func(p *repo.Package) string { return relations(p, repo.Recommends) }},
	{"section", func(p *repo.Package) string { return p.Section }},
	{"source", func(p *repo.Package) string { return p.Source }},
}

func columnNames() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

func relations(p *repo.Package, kinds ...repo.Kind) string {
	var out []string
	for _, r := range p.Relations {
		if slices.Contains(kinds, r.Kind) {
			out = append(out, r.String())
		}
	}
	return strings.Join(out, ", ")
}

func provides(p *repo.Package) string {
	var out []string
	for _, x := range p.Provides {
		s := x.Name
		if x.Version != "" {
			s += " (= " + x.Version + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func (a *app) packagesCommand() *cobra.Command {
	var (
		from       origin
		chosen     []string
		sort       []string
		separator  string
		everything bool
	)
	c := &cobra.Command{
		Use:   "packages [--mirror NAME] | packages --from-system [PACKAGE...]",
		Short: "List the packages that the mirrors hold, or that upstream has",
		Long:  "Lists the packages that the mirrors would hold after a sync now; with --all every package of their repositories. The columns are " + strings.Join(columnNames(), ", ") + ".",
		RunE: func(c *cobra.Command, args []string) error {
			show, err := pickColumns(chosen)
			if err != nil {
				return err
			}
			by, err := pickColumns(sort)
			if err != nil {
				return err
			}
			from.everything = everything
			plans, err := a.plans(c, &from, args)
			if err != nil {
				return err
			}
			var packages []*repo.Package
			for _, p := range plans {
				packages = append(packages, listed(p, everything)...)
			}
			slices.SortStableFunc(packages, func(x, y *repo.Package) int {
				for _, i := range by {
					if c := strings.Compare(columns[i].value(x), columns[i].value(y)); c != 0 {
						return c
					}
				}
				return 0
			})
			return a.printPackages(packages, show, separator)
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	c.Flags().StringArrayVar(&chosen, "column", []string{"name", "version", "architecture", "repository", "filesize"}, "`name` of a column to print; can be repeated")
	c.Flags().StringArrayVar(&sort, "sort", nil, "`name` of a column to sort by; can be repeated (default: upstream's order)")
	c.Flags().StringVar(&separator, "sep", "", "print columns separated by this `text`, and no heading")
	c.Flags().BoolVar(&everything, "all", false, "list every package of the repositories")
	return c
}

func listed(p *mirror.Planned, everything bool) []*repo.Package {
	if everything {
		return p.Catalog
	}
	packages := make([]*repo.Package, len(p.Picked))
	for i, x := range p.Picked {
		packages[i] = x.Package
	}
	return packages
}

func pickColumns(names []string) ([]int, error) {
	var out []int
	for _, name := range names {
		i := slices.Index(columnNames(), name)
		if i < 0 {
			return nil, usage("there is no column %q; the columns are %s", name, strings.Join(columnNames(), ", "))
		}
		out = append(out, i)
	}
	return out, nil
}

func (a *app) printPackages(packages []*repo.Package, show []int, separator string) error {
	if a.json() {
		rows := []map[string]any{}
		for _, p := range packages {
			row := map[string]any{}
			for _, c := range columns {
				row[c.name] = c.value(p)
			}
			row["filesize"] = p.File.Size
			rows = append(rows, row)
		}
		return a.printJSON(map[string]any{"packages": rows})
	}
	if separator != "" {
		for _, p := range packages {
			if _, err := fmt.Fprintln(a.out, strings.Join(row(p, show), separator)); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.out, 0, 8, 2, ' ', 0)
	var heading []string
	for _, i := range show {
		heading = append(heading, strings.ToUpper(columns[i].name))
	}
	fmt.Fprintln(w, strings.Join(heading, "\t"))
	for _, p := range packages {
		fmt.Fprintln(w, strings.Join(row(p, show), "\t"))
	}
	return w.Flush()
}

func row(p *repo.Package, show []int) (out []string) {
	for _, i := range show {
		out = append(out, columns[i].value(p))
	}
	return out
}
