package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// packageColumns are what packages can print of a package.
var packageColumns = []column[*repo.Package]{
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
		switch {
		case x.Version == "":
		case strings.ContainsAny(x.Version[:1], "<=>"): // of rpm, with an operator of its own
			s += " (" + x.Version + ")"
		default:
			s += " (= " + x.Version + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func (a *app) packagesCommand() *cobra.Command {
	var from origin
	var everything bool
	var wanted search
	list := table[*repo.Package]{columns: packageColumns}
	c := &cobra.Command{
		Use:   "packages [--mirror NAME] | packages --from-system [PACKAGE...]",
		Short: "List or search the packages that the mirrors hold, or that upstream has",
		Long: `Lists the packages that the mirrors would hold after a sync now; with --all every
package of their repositories. The columns are ` + list.names() + `.

--name, --provides, --requires, --obsoletes and --file search all packages of the
repositories, not only those that the mirrors hold. Of several all must hold. An
expression is a name or a glob, with a version or an architecture if wanted:

  mirrorkeeper packages --name "python3-*"
  mirrorkeeper packages --provides mail-transport-agent
  mirrorkeeper packages --requires "libssl1.1 (<< 1.1.1)" --name "*-server"
  mirrorkeeper packages --from-system --file /usr/bin/python3`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := list.check(); err != nil {
				return err
			}
			query, err := wanted.query()
			if err != nil {
				return err
			}
			from.everything = everything || wanted.asked()
			plans, err := a.plans(c, &from, args)
			if err != nil {
				return err
			}
			if err := wanted.checkFiles(plans); err != nil {
				return err
			}
			var packages []*repo.Package
			for _, p := range plans {
				found := listed(p, everything)
				if wanted.asked() {
					if found, err = wanted.find(p, query); err != nil {
						return fmt.Errorf("%s: %w", p.Mirror, err)
					}
				}
				packages = append(packages, found...)
			}
			if wanted.asked() {
				packages = distinct(packages)
			}
			if !a.json() {
				return list.print(a.out, packages)
			}
			rows := []map[string]any{}
			for _, p := range packages {
				row := list.object(p)
				row["filesize"] = p.File.Size
				rows = append(rows, row)
			}
			return a.printJSON(map[string]any{"packages": rows})
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	wanted.flags(c)
	list.flags(c, "name", "version", "architecture", "repository", "filesize")
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
