package main

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func (a *app) gcCommand() *cobra.Command {
	k := &kept{app: a}
	var options store.Collection
	c := &cobra.Command{
		Use:   "gc",
		Short: "Delete what no generation needs",
		Long: `Drops the generations that are not to be kept any more, and deletes the files that no
generation that is kept, no interrupted run and no tree needs, and partial downloads
that were not gone on with for a week. Runs clean up behind themselves; what is left are
files of runs that were given up.

Exit code 4 when a run is under way: nothing is deleted beside it.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := k.open(true); err != nil {
				return err
			}
			unlock, err := assembly.Lock(k.store)
			if err != nil {
				return err
			}
			defer unlock()
			options.Now, options.Keep = time.Now(), assembly.Retention(k.config)
			if err := k.sweep(options); err != nil {
				return err
			}
			collected, err := k.store.Collect(c.Context(), options)
			if err != nil {
				return err
			}
			return a.printCollected(collected)
		},
	}
	k.flags(c)
	c.Flags().BoolVar(&options.DryRun, "dry-run", false, "delete nothing, only tell what would be")
	c.Flags().BoolVar(&options.Force, "force", false, "delete more than half of all bytes, too")
	return c
}

// sweep takes out of the trees what is due.
func (k *kept) sweep(options store.Collection) error {
	if options.DryRun {
		return nil
	}
	all, err := k.store.Mirrors()
	if err != nil {
		return err
	}
	for _, name := range all {
		if _, err := k.store.Sweep(name, options.Now); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printCollected(c *store.Collected) error {
	if a.JSON() {
		return a.PrintJSON(c)
	}
	if a.Quiet {
		return nil
	}
	did := "deleted"
	if c.DryRun {
		did = "would delete"
	}
	for _, g := range c.Generations {
		fmt.Fprintf(a.Out, "%s generation %s\n", did, g)
	}
	fmt.Fprintf(a.Out, "%s %d of %d files, %s of %s, and %d partial downloads of %s\n", did, c.Deleted, c.Objects,
		humanize.IBytes(uint64(c.DeletedBytes)), humanize.IBytes(uint64(c.Bytes)), c.Partial, humanize.IBytes(uint64(c.PartialBytes)))
	return nil
}
