package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func (a *app) scrubCommand() *cobra.Command {
	k := &kept{app: a}
	var limit string
	c := &cobra.Command{
		Use:   "scrub",
		Short: "Read all files again, and put bad ones away",
		Long: `Reads every file in the state directory again and compares it with its digest, slowly, to
find what disks have lost. It goes on where the run before was ended, needs no lock, and
can run beside everything else. Bad files are put away into quarantine/ in the state
directory; verify --repair and sync --check size fetch them again. Exit code 3 when there
are any.`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			bytes, err := humanize.ParseBytes(limit)
			if err != nil || bytes == 0 {
				return usage("--rate is %q; it is bytes a second, such as 20M", limit)
			}
			if err := k.open(false); err != nil {
				return err
			}
			ctx, limiter := c.Context(), rate.NewLimiter(rate.Limit(bytes), throttlePiece)
			at, err := k.store.Scrub(ctx, time.Now, func(r io.Reader) io.Reader { return &throttled{ctx, r, limiter} })
			if err != nil {
				return err
			}
			return a.printScrubbing(at)
		},
	}
	k.flags(c)
	c.Flags().StringVar(&limit, "rate", "20M", "`bytes` to read in a second at most")
	return c
}

// throttled reads so many bytes in a second at most.
type throttled struct {
	ctx     context.Context
	in      io.Reader
	limiter *rate.Limiter
}

// throttlePiece is how much is read at a time, in bytes.
const throttlePiece = 256 << 10

func (t *throttled) Read(b []byte) (int, error) {
	n, err := t.in.Read(b[:min(len(b), throttlePiece)])
	if n > 0 {
		if e := t.limiter.WaitN(t.ctx, n); e != nil {
			return n, e
		}
	}
	return n, err
}

func (a *app) printScrubbing(at *store.Scrubbing) error {
	if a.JSON() {
		if err := a.PrintJSON(at); err != nil {
			return err
		}
	} else {
		for _, b := range at.Bad {
			fmt.Fprintf(a.Out, "bad: %s, shown as %v\n", b.Digest, b.Paths)
		}
		if !a.Quiet {
			state := "all were read"
			if at.After != "" {
				state = "it goes on from there"
			}
			fmt.Fprintf(a.Out, "%d files of %s in this round, %d bad; %s\n", at.Files, humanize.IBytes(uint64(at.Bytes)), len(at.Bad), state)
		}
	}
	if len(at.Bad) > 0 {
		return &exit{Code: exitIncomplete}
	}
	return nil
}
