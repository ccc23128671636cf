package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// The JSON of a plan: field names are part of the program's interface.
type (
	planOutput struct {
		Mirrors []plannedMirror `json:"mirrors"`
	}
	plannedMirror struct {
		Name       string              `json:"name"`
		Packages   []plannedPackage    `json:"packages"`
		Unresolved []mirror.Unresolved `json:"unresolved"`
		Conflicts  []string            `json:"conflicts"`
		Refused    []mirror.Refused    `json:"refused"`
		Warnings   []string            `json:"warnings,omitempty"`
		Add        int                 `json:"add"`
		Remove     int                 `json:"remove"`
		Bytes      int64               `json:"bytes"`
		Lock       *lockDifference     `json:"lock,omitempty"`
	}
	plannedPackage struct {
		Name         string `json:"name"`
		Version      string `json:"version"`
		Architecture string `json:"architecture"`
		Source       string `json:"source"`
		File         string `json:"file"`
		Size         int64  `json:"size"`
		Reason       string `json:"reason"`
	}
)

func (a *app) planCommand() *cobra.Command {
	var from origin
	var detailed bool
	c := &cobra.Command{
		Use:   "plan [MIRROR...] | plan --from-system [--to DIR] PACKAGE...",
		Short: "Print what sync would do, and change nothing",
		Long:  "Prints what sync would do: the packages that the mirrors would hold and why, what would be added and removed, the bytes to fetch, and where there is a lock file, what differs from it. Nothing is changed but a cache of upstream's indexes in the state directory.",
		RunE: func(c *cobra.Command, args []string) error {
			lock, err := a.readLock(&from)
			if err != nil {
				return err
			}
			plans, err := a.plans(c, &from, args)
			if err != nil {
				return err
			}
			if err := a.printPlans(plans, lock); err != nil {
				return err
			}
			unresolved, changes := 0, 0
			for _, p := range plans {
				unresolved += len(p.Unresolved) + len(p.Conflicts)
				changes += p.Add + p.Remove
			}
			switch {
			case unresolved > 0:
				return &exit{Code: exitIncomplete}
			case changes > 0 && detailed:
				return &exit{Code: exitChanged}
			}
			return nil
		},
	}
	from.flags(c)
	from.togetherFlag(c)
	from.offlineFlag(c)
	c.Flags().BoolVar(&detailed, "detailed-exit-codes", false, "exit with 10 when sync would change something")
	return c
}

// plans makes the plans of the mirrors that the arguments name.
func (a *app) plans(c *cobra.Command, from *origin, args []string) ([]*mirror.Planned, error) {
	s, err := a.setUp(c.Context(), from, args, false)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Plan(c.Context())
}

func (a *app) printPlans(plans []*mirror.Planned, lock *mirror.Lock) error {
	if a.JSON() {
		out := planOutput{Mirrors: []plannedMirror{}}
		for _, p := range plans {
			m := plannedMirror{
				Name: p.Mirror, Packages: []plannedPackage{}, Unresolved: p.Unresolved, Warnings: p.Warnings,
				Conflicts: p.Conflicts, Refused: p.Refused, Add: p.Add, Remove: p.Remove, Bytes: p.Bytes, Lock: againstLock(p, lock),
			}
			if m.Unresolved == nil {
				m.Unresolved = []mirror.Unresolved{}
			}
			if m.Conflicts == nil {
				m.Conflicts = []string{}
			}
			if m.Refused == nil {
				m.Refused = []mirror.Refused{}
			}
			for _, x := range p.Picked {
				m.Packages = append(m.Packages, plannedPackage{
					x.Name, x.Version, x.Architecture, x.Repository.Source.Name, x.File.Path, x.File.Size, x.Reason,
				})
			}
			out.Mirrors = append(out.Mirrors, m)
		}
		return a.PrintJSON(out)
	}
	for _, p := range plans {
		if !a.Quiet {
			for _, x := range p.Picked {
				fmt.Fprintf(a.Out, "%s %s %s\t%s\t%s\n", x.Name, x.Version, x.Architecture, humanize.IBytes(uint64(max(x.File.Size, 0))), x.Reason)
			}
		}
		fmt.Fprintf(a.Out, "%s: %d packages; to add %d, to remove %d, to fetch %s\n", p.Mirror, len(p.Picked), p.Add, p.Remove, humanize.IBytes(uint64(p.Bytes)))
		if d := againstLock(p, lock); d != nil {
			a.printLockDifference(*d)
			fmt.Fprintf(a.Out, "%s: against the lock file %d packages more, %d less\n", p.Mirror, len(d.Added), len(d.Removed))
			if d.Selection {
				fmt.Fprintf(a.Err, "warning: %s: the lock file is of another selection\n", p.Mirror)
			}
		}
		assembly.PrintFindings(&a.Console, p.Unresolved, p.Refused)
	}
	return nil
}

// againstLock is what the plan changes in what is locked; nil where nothing is.
func againstLock(p *mirror.Planned, lock *mirror.Lock) *lockDifference {
	before := lock.Find(p.Mirror)
	if before == nil {
		return nil
	}
	now := p.Lock()
	d := newLockDifference(before.Difference(&now))
	return &d
}
