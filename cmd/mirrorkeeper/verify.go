package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

func (a *app) verifyCommand() *cobra.Command {
	var levelName string
	var mend bool
	where := verifyTarget{app: a}
	c := &cobra.Command{
		Use:   "verify PATH|URL",
		Short: "Check a tree of repositories against their own metadata",
		Long: `Checks the repositories in a directory, or behind a URL, against their own
metadata. The levels, each with those before it:

  size       every file that the metadata names is there with its size
  digest     ... with its digest
  signature  the root is signed by a pinned key
  closure    every package's hard relations are satisfied in the tree

For a mirror that mirrorkeeper made, keys and scope are known from its state
directory; else --key names the keys, and the scope is the indexes that are
there. Exit code 3 when something is wrong, with --repair when it still is.`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			level, err := verify.ParseLevel(levelName)
			if err != nil {
				return usage("--level: %v", err)
			}
			tree, targets, err := where.find(c.Context(), args[0], level)
			if err != nil {
				return err
			}
			result, err := verify.Check(c.Context(), tree, targets, level, time.Now())
			if err != nil {
				return err
			}
			if mend && len(result.Findings) > 0 {
				if err := a.repair(c.Context(), args[0], result.Findings); err != nil {
					return err
				}
				if result, err = verify.Check(c.Context(), tree, targets, level, time.Now()); err != nil {
					return err
				}
			}
			return a.printVerified(args[0], len(targets), result)
		},
	}
	c.Flags().StringVar(&levelName, "level", "digest", "how `deep` to check: size, digest, signature or closure")
	c.Flags().BoolVar(&mend, "repair", false, "mend what is wrong in a mirror of the configuration, and check again: only what is bad is fetched")
	where.flags(c)
	return c
}

func (a *app) printVerified(where string, repositories int, r *verify.Result) error {
	if a.JSON() {
		if err := a.PrintJSON(r); err != nil {
			return err
		}
	} else {
		for _, f := range r.Findings {
			fmt.Fprintln(a.Out, f)
		}
		for _, w := range r.Warnings {
			fmt.Fprintf(a.Err, "warning: %s\n", w)
		}
		if !a.Quiet {
			verdict := "all right"
			if n := len(r.Findings); n > 0 {
				verdict = fmt.Sprintf("%d findings", n)
			}
			fmt.Fprintf(a.Out, "%s: %d repositories, %d files of %s checked at level %s: %s\n",
				strings.TrimSuffix(where, "/"), repositories, r.Files, humanize.IBytes(uint64(r.Bytes)), r.Level, verdict)
		}
	}
	if len(r.Findings) > 0 {
		return &exit{Code: exitIncomplete}
	}
	return nil
}
