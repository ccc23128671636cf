package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// lockFile is the name of the lock file.
const lockFile = "mirrorkeeper.lock"

// The JSON of what changes against the lock file.
type (
	lockOutput struct {
		File    string          `json:"file"`
		Mirrors []lockedChanges `json:"mirrors"`
	}
	lockedChanges struct {
		Name     string `json:"name"`
		Packages int    `json:"packages"`
		lockDifference
	}
	lockDifference struct {
		// Selection is true when the configuration selects in another way than the lock
		// file was written for.
		Selection bool            `json:"selection"`
		Added     []lockedPackage `json:"added"`
		Removed   []lockedPackage `json:"removed"`
		Roots     []string        `json:"roots,omitempty"` // repositories whose root is another
	}
	lockedPackage struct {
		Name         string `json:"name"`
		Version      string `json:"version"`
		Architecture string `json:"architecture"`
		Repository   string `json:"repository"`
	}
)

func (a *app) lockCommand() *cobra.Command {
	var from origin
	c := &cobra.Command{
		Use:   "lock [MIRROR...] | lock --from-system --to DIR PACKAGE...",
		Short: "Write down what mirrors would hold now, for sync --locked",
		Long: `Writes the lock file, mirrorkeeper.lock beside the configuration file or in the
directory of --to: what each mirror would hold now, one line a package, with
digests. It is meant for version control. plan prints what differs from it, and
sync --locked mirrors exactly what it says. What it says of other mirrors stays.`,
		RunE: func(c *cobra.Command, args []string) error {
			file, err := a.lockFile(&from)
			if err != nil {
				return err
			}
			lock, err := mirror.ReadLock(file)
			if errors.Is(err, fs.ErrNotExist) {
				lock, err = &mirror.Lock{}, nil
			}
			if err != nil {
				return &exit{Code: exitUsage, Err: err, Hint: "remove the file to have it written anew"}
			}
			s, err := a.setUp(c.Context(), &from, args, false)
			if err != nil {
				return err
			}
			defer s.Close()
			for _, j := range s.Jobs {
				if len(j.Only) > 0 {
					return usage("lock takes whole mirrors, such as %s", j.Mirror.Name)
				}
			}
			if len(args) == 0 || from.fromSystem { // mirrors that are gone are no longer locked
				lock.Mirrors = slices.DeleteFunc(lock.Mirrors, func(m mirror.LockedMirror) bool {
					return !slices.ContainsFunc(s.Jobs, func(j *mirror.Job) bool { return j.Mirror.Name == m.Name })
				})
			}
			out, incomplete := lockOutput{File: file, Mirrors: []lockedChanges{}}, false
			for _, j := range s.Jobs {
				p, err := mirror.Plan(c.Context(), j)
				if err != nil {
					return fmt.Errorf("%s: %w", j.Mirror.Name, err)
				}
				now := p.Lock()
				before := cmp.Or(lock.Find(now.Name), &mirror.LockedMirror{Name: now.Name, Selection: now.Selection})
				out.Mirrors = append(out.Mirrors, lockedChanges{now.Name, len(p.Picked), newLockDifference(before.Difference(&now))})
				lock.Set(now)
				if !a.JSON() {
					assembly.PrintFindings(&a.Console, p.Unresolved, p.Refused)
				}
				incomplete = incomplete || len(p.Unresolved)+len(p.Conflicts) > 0
			}
			if err := lock.Write(file); err != nil {
				return err
			}
			if err := a.printLock(out); err != nil || !incomplete {
				return err
			}
			return &exit{Code: exitIncomplete}
		},
	}
	from.flags(c)
	from.togetherFlag(c)
	from.offlineFlag(c)
	return c
}

// lockFile is where the lock file is: beside the configuration, or in the directory of
// --to.
func (a *app) lockFile(from *origin) (string, error) {
	if from.fromSystem {
		if from.to == "" {
			return "", usage("--from-system has its lock file in the directory of --to, which is missing")
		}
		return filepath.Join(from.to, lockFile), nil
	}
	file, err := a.configFile()
	return filepath.Join(filepath.Dir(file), lockFile), err
}

// readLock reads the lock file; nil where there is none.
func (a *app) readLock(from *origin) (*mirror.Lock, error) {
	if from.fromSystem && from.to == "" {
		return nil, nil
	}
	file, err := a.lockFile(from)
	if err != nil {
		return nil, err
	}
	lock, err := mirror.ReadLock(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, &exit{Code: exitUsage, Err: err, Hint: "mirrorkeeper lock writes the file; where it is broken, remove it first"}
	}
	return lock, nil
}

// lockJobs has the jobs mirror what the lock file says.
func (a *app) lockJobs(from *origin, jobs []*mirror.Job) error {
	lock, err := a.readLock(from)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Locked = lock.Find(j.Mirror.Name); j.Locked == nil {
			return &exit{
				Code: exitUsage, Err: fmt.Errorf("mirror %s is not in the lock file %s", j.Mirror.Name, lockFile),
				Hint: "write it with mirrorkeeper lock " + j.Mirror.Name,
			}
		}
	}
	return nil
}

func newLockDifference(d mirror.LockDifference) lockDifference {
	out := lockDifference{Selection: d.Selection, Added: lockedPackages(d.Added), Removed: lockedPackages(d.Removed)}
	for _, r := range d.Roots {
		out.Roots = append(out.Roots, r.Repository)
	}
	return out
}

func lockedPackages(packages []mirror.LockedPackage) []lockedPackage {
	out := []lockedPackage{}
	for _, p := range packages {
		out = append(out, lockedPackage{p.Name, p.Version, p.Architecture, p.Repository})
	}
	return out
}

func (a *app) printLock(out lockOutput) error {
	if a.JSON() {
		return a.PrintJSON(out)
	}
	for _, m := range out.Mirrors {
		a.printLockDifference(m.lockDifference)
		fmt.Fprintf(a.Out, "%s: locked %d packages in %s (%d added, %d removed)\n", m.Name, m.Packages, out.File, len(m.Added), len(m.Removed))
	}
	return nil
}

// printLockDifference prints a line for each change.
func (a *app) printLockDifference(d lockDifference) {
	if a.Quiet {
		return
	}
	for _, p := range d.Removed {
		fmt.Fprintf(a.Out, "- %s %s %s (%s)\n", p.Name, p.Version, p.Architecture, p.Repository)
	}
	for _, p := range d.Added {
		fmt.Fprintf(a.Out, "+ %s %s %s (%s)\n", p.Name, p.Version, p.Architecture, p.Repository)
	}
	for _, name := range d.Roots {
		fmt.Fprintf(a.Out, "+ %s\n", name)
	}
}
