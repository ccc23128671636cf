package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func (a *app) packagesCommand() *cobra.Command {
	var from origin
	var everything bool
	var wanted search
	list := console.Table[*repo.Package]{Columns: assembly.PackageColumns()}
	c := &cobra.Command{
		Use:   "packages [--mirror NAME] | packages --from-system [PACKAGE...]",
		Short: "List or search the packages that the mirrors hold, or that upstream has",
		Long: `Lists the packages that the mirrors would hold after a sync now; with --all every
package of their repositories. The columns are ` + list.Names() + `.

--name, --provides, --requires, --obsoletes and --file search all packages of the
repositories, not only those that the mirrors hold. Of several all must hold. An
expression is a name or a glob, with a version or an architecture if wanted:

  mirrorkeeper packages --name "python3-*"
  mirrorkeeper packages --provides mail-transport-agent
  mirrorkeeper packages --requires "libssl1.1 (<< 1.1.1)" --name "*-server"
  mirrorkeeper packages --from-system --file /usr/bin/python3`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := list.Check(); err != nil {
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
			if !a.JSON() {
				return list.Print(a.Out, packages)
			}
			rows := []map[string]any{}
			for _, p := range packages {
				row := list.Object(p)
				row["filesize"] = p.File.Size
				rows = append(rows, row)
			}
			return a.PrintJSON(map[string]any{"packages": rows})
		},
	}
	from.flags(c)
	from.mirrorFlag(c)
	from.offlineFlag(c)
	wanted.flags(c)
	list.Flags(c, "name", "version", "architecture", "repository", "filesize")
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
