package main

import (
	"fmt"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/generations"
)

func (a *app) diffCommand() *cobra.Command {
	k := &kept{app: a}
	c := &cobra.Command{
		Use:   "diff [MIRROR] [GENERATION [GENERATION]]",
		Short: "Show which packages differ between two generations of a mirror",
		Long: `Shows which packages were added, removed, upgraded and downgraded from the first
generation to the second, and the bytes. Without the second it is the current one;
without the first, the one before that. The mirror need not be named where there is
only one, or only one has the first generation.

Generations are named as generations --help tells.`,
		Args: cobra.MaximumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			if err := k.open(false); err != nil {
				return err
			}
			m, rest, err := k.oneMirror(args)
			if err != nil {
				return err
			}
			if len(rest) > 2 {
				return usage("diff takes two generations, there are %d", len(rest))
			}
			rest = append(rest, []string{"~1", "current"}[len(rest):]...)
			from, err := m.Find(rest[0])
			if err != nil {
				return err
			}
			to, err := m.Find(rest[1])
			if err != nil {
				return err
			}
			d, err := m.Compare(from, to)
			if err != nil {
				return err
			}
			return a.printDifference(d)
		},
	}
	k.flags(c)
	return c
}

// oneMirror is the mirror that the first argument names, or the one that has such a
// generation; the rest are generations.
func (k *kept) oneMirror(args []string) (*generations.Mirror, []string, error) {
	all, err := k.names()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case len(args) > 0 && slices.Contains(all, args[0]):
		return k.mirror(args[0]), args[1:], nil
	case len(all) == 1:
		return k.mirror(all[0]), args, nil
	case len(args) > 0:
		var found []*generations.Mirror
		for _, name := range all {
			m := k.mirror(name)
			if _, err := m.Find(args[0]); err == nil {
				found = append(found, m)
			}
		}
		if len(found) == 1 {
			return found[0], args, nil
		}
	}
	return nil, nil, usage("name the mirror, one of %v", all)
}

func (a *app) printDifference(d *generations.Difference) error {
	if a.JSON() {
		return a.PrintJSON(d)
	}
	for _, p := range d.Added {
		fmt.Fprintf(a.Out, "+ %s %s %s\n", p.Name, p.Version, p.Architecture)
	}
	for _, p := range d.Upgraded {
		fmt.Fprintf(a.Out, "> %s %s -> %s %s\n", p.Name, p.Before, p.Version, p.Architecture)
	}
	for _, p := range d.Downgraded {
		fmt.Fprintf(a.Out, "< %s %s -> %s %s\n", p.Name, p.Before, p.Version, p.Architecture)
	}
	for _, p := range d.Rebuilt {
		fmt.Fprintf(a.Out, "~ %s %s %s\n", p.Name, p.Version, p.Architecture)
	}
	for _, p := range d.Removed {
		fmt.Fprintf(a.Out, "- %s %s %s\n", p.Name, p.Version, p.Architecture)
	}
	if !a.Quiet {
		fmt.Fprintf(a.Out, "%s: %d added, %d upgraded, %d downgraded, %d rebuilt, %d removed; %s came, %s went\n",
			d.Mirror, len(d.Added), len(d.Upgraded), len(d.Downgraded), len(d.Rebuilt), len(d.Removed),
			humanize.IBytes(uint64(d.AddedBytes)), humanize.IBytes(uint64(d.RemovedBytes)))
	}
	return nil
}
