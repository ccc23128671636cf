package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/generations"
)

func (a *app) rollbackCommand() *cobra.Command {
	k := &kept{app: a}
	c := &cobra.Command{
		Use:   "rollback MIRROR [GENERATION]",
		Short: "Show an earlier generation of a mirror again",
		Long: `Publishes the content of an earlier generation again, as a new one: by default that of
the one before. Its root is signed anew, with a date later than all that was there, so
that clients take notice of it. It stays until upstream shows something newer, or the
files that a repository is created of change.

The root of a full mirror is upstream's, and cannot be signed anew without sign: in the
configuration.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			m, unlock, err := k.change(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer unlock()
			shown, err := m.Rollback(c.Context(), append(args, "")[1])
			if err != nil {
				return err
			}
			return a.printShown([]*generations.Shown{shown})
		},
	}
	k.flags(c)
	k.signingFlags(c)
	return c
}

func (a *app) printShown(all []*generations.Shown) error {
	if a.JSON() {
		return a.PrintJSON(map[string]any{"mirrors": all})
	}
	if a.Quiet {
		return nil
	}
	for _, s := range all {
		where := s.Dir
		if s.Channel != "" {
			where = fmt.Sprintf("channel %s, %s", s.Channel, s.Dir)
		}
		state := "shows"
		if !s.Changed {
			state = "unchanged, shows"
		}
		fmt.Fprintf(a.Out, "%s: %s %s in %s\n", s.Mirror, state, s.Generation, where)
	}
	return nil
}
