package main

import (
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
)

func (a *app) promoteCommand() *cobra.Command {
	k := &kept{app: a}
	var every bool
	c := &cobra.Command{
		Use:   "promote MIRROR... GENERATION CHANNEL | promote --all GENERATION CHANNEL",
		Short: "Let a channel of mirrors show a generation",
		Long: `Lets a channel, such as testing or stable, show a generation of a mirror. A channel is a
tree of its own, channels/CHANNEL below the mirror, that clients have in their
configuration; what it shows moves only by this command. Of several mirrors all are
promoted, or none. The generation is there at snapshots/ID too, and is kept as long as
the channel shows it.

Generations are named as generations --help tells: what testing shows goes to stable by

  mirrorkeeper promote --all testing stable`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			names, generation, channel := args[:len(args)-2], args[len(args)-2], args[len(args)-1]
			if every != (len(names) == 0) {
				return usage("name the mirrors, or --all of them: promote MIRROR... GENERATION CHANNEL")
			}
			if err := k.open(true); err != nil {
				return err
			}
			if every {
				var err error
				if names, err = k.names(); err != nil {
					return err
				}
			}
			if err := k.check(names...); err != nil {
				return err
			}
			unlock, err := assembly.Lock(k.store)
			if err != nil {
				return err
			}
			defer unlock()
			var mirrors []*generations.Mirror
			for _, name := range names {
				m, err := k.signed(c.Context(), name)
				if err != nil {
					return err
				}
				mirrors = append(mirrors, m)
			}
			all, err := generations.Promote(c.Context(), mirrors, generation, channel)
			if err != nil {
				return err
			}
			return a.printShown(all)
		},
	}
	k.flags(c)
	k.signingFlags(c)
	c.Flags().BoolVar(&every, "all", false, "promote all mirrors and repositories that are published")
	return c
}
