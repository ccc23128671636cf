package assembly

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// PrintReports prints what was done to mirrors.
func PrintReports(c *console.Console, reports []*mirror.Report) error {
	if c.JSON() {
		if reports == nil {
			reports = []*mirror.Report{}
		}
		return c.PrintJSON(map[string]any{"mirrors": reports})
	}
	for _, r := range reports {
		if !c.Quiet {
			printReport(c, r)
		}
		PrintFindings(c, r.Unresolved, r.Refused)
		for _, x := range r.Skipped {
			fmt.Fprintf(c.Err, "warning: left out: %s: %s\n", x.Name, x.Reason)
		}
	}
	return nil
}

func printReport(c *console.Console, r *mirror.Report) {
	if r.Changed {
		fmt.Fprintf(c.Out, "%s: published %s: %d packages, %s (%d added, %d removed)\n",
			r.Mirror, r.Generation, r.Packages, humanize.IBytes(uint64(r.TotalBytes)), r.Added, r.Removed)
	} else {
		fmt.Fprintf(c.Out, "%s: unchanged, %s: %d packages, %s\n", r.Mirror, r.Generation, r.Packages, humanize.IBytes(uint64(r.TotalBytes)))
	}
	if r.Adopted > 0 {
		fmt.Fprintf(c.Out, "  %d files were there already\n", r.Adopted)
	}
	for _, x := range r.Repositories {
		fmt.Fprintf(c.Out, "  %s: %d packages in %s\n", x.Name, x.Packages, x.Dir)
	}
	if !r.Changed && r.Incomplete > 0 {
		fmt.Fprintf(c.Out, "  %d unresolved or skipped items; see mirrorkeeper unresolved\n", r.Incomplete)
	}
}

// PrintFindings warns of what is wrong with a mirror.
func PrintFindings(c *console.Console, unresolved []mirror.Unresolved, refused []mirror.Refused) {
	for _, x := range unresolved {
		fmt.Fprintf(c.Err, "warning: unresolved: %s, wanted by %s: %s\n", x.Requirement, x.WantedBy, x.Reason)
	}
	for _, x := range refused {
		fmt.Fprintf(c.Err, "warning: client-refuses: %s\n", x)
	}
}
