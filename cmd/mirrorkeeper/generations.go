package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/generations"
)

func (a *app) generationsCommand() *cobra.Command {
	k := &kept{app: a}
	var keep, release string
	c := &cobra.Command{
		Use:   "generations [MIRROR...]",
		Short: "List the generations of mirrors that are kept",
		Long: `Lists the generations of mirrors, and of repositories that were created, that can be
gone back to: what each changed in the package files of the one before (+ added,
~ with new content, - removed), which is published, and which channels show it.

A generation is named by its ID or the start of it, by "current", by "~1" for the one
before that, by a channel that shows it, or by a time: 2026-11-30 is the newest one
that is not later. --keep keeps one whatever its age, with a directory of its own,
snapshots/ID below the mirror; --release leaves it to its age again.`,
		RunE: func(c *cobra.Command, args []string) error {
			if keep != "" || release != "" {
				return k.pin(c, args, keep, release)
			}
			if err := k.open(false); err != nil {
				return err
			}
			return k.list(args)
		},
	}
	k.flags(c)
	k.signingFlags(c)
	c.Flags().StringVar(&keep, "keep", "", "keep this `generation` of the mirror whatever its age, and give it a directory of its own")
	c.Flags().StringVar(&release, "release", "", "no longer keep this `generation` of the mirror beyond its age")
	return c
}

// mirrorGenerations is a mirror with its generations.
type mirrorGenerations struct {
	Name        string              `json:"name"`
	Generations []generations.Entry `json:"generations"`
}

func (k *kept) list(names []string) error {
	if err := k.check(names...); err != nil {
		return err
	}
	if len(names) == 0 {
		var err error
		if names, err = k.names(); err != nil {
			return err
		}
	}
	all := []mirrorGenerations{}
	for _, name := range names {
		entries, err := k.mirror(name).List()
		if err != nil {
			return err
		}
		all = append(all, mirrorGenerations{name, entries})
	}
	if k.app.JSON() {
		return k.app.PrintJSON(map[string]any{"mirrors": all})
	}
	for _, m := range all {
		fmt.Fprintf(k.app.Out, "%s:\n", m.Name)
		w := tabwriter.NewWriter(k.app.Out, 0, 8, 2, ' ', 0)
		for _, e := range m.Generations {
			fmt.Fprintf(w, "  %s\t%s\t%d files\t%s\t%s\t%s\n", e.ID, shortTime(e.Time), e.Packages, humanize.IBytes(uint64(e.Bytes)), stepText(e), remarks(e))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func stepText(e generations.Entry) string {
	if e.Step.Before == "" {
		return "first"
	}
	return fmt.Sprintf("+%d ~%d -%d", e.Step.Added, e.Step.Changed, e.Step.Removed)
}

func remarks(e generations.Entry) string {
	var out []string
	if e.Current {
		out = append(out, "current")
	}
	out = append(out, e.Channels...)
	if e.ContentOf != "" {
		out = append(out, "content of "+e.ContentOf)
	}
	if e.Pinned {
		out = append(out, "kept")
	}
	if e.Snapshot != "" {
		out = append(out, "in "+e.Snapshot)
	}
	return strings.Join(out, ", ")
}

// pin keeps a generation beyond its age, or no longer.
func (k *kept) pin(c *cobra.Command, args []string, keep, release string) error {
	if len(args) != 1 || keep != "" && release != "" {
		return usage("name one mirror, and one of --keep and --release")
	}
	m, unlock, err := k.change(c.Context(), args[0])
	if err != nil {
		return err
	}
	defer unlock()
	g, err := m.Find(keep + release)
	if err != nil {
		return err
	}
	if keep != "" {
		if err := m.Snapshot(c.Context(), g); err != nil {
			return err
		}
	}
	if err := k.store.Pin(args[0], g, keep != ""); err != nil {
		return err
	}
	return k.list(args)
}
