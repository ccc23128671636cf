// Package incoming is the door by which others put packages into a repository: a
// directory that uploads come to.
//
// An upload is a list of files that its uploader has signed with the files that it names
// (deb: a .changes), or one package that carries its uploader's signature itself (rpm).
// [Door.Look] looks at the directory once: what is complete and has not changed since
// the look before is copied, checked, and either handed on as one unit or refused.
//
// Nothing in the directory is believed, since whoever can write to it can change it at
// any time: what is checked and handed on are copies that nobody else can write to.
//
// look.go sees what is there, group.go makes uploads of it, check.go finds out what
// there is to know of one, decide.go decides, refuse.go puts away what was refused,
// and watch.go looks again and again.
package incoming

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ErrLocked means that another process watches the directory.
var ErrLocked = errors.New("another process watches it")

// Job is what a door needs.
type Job struct {
	// Dir is the directory that uploads come to. What is refused is moved to its
	// directory "refused".
	Dir string
	// Staging is a directory for copies, which nobody else can write to. All that is in
	// it goes.
	Staging string
	// Creator tells packages from other files, and reads them and lists of them.
	Creator repo.Creator
	// List is the suffix of the files that list the files of an upload and are signed.
	// Where it is empty each package is an upload, and CheckPackage checks the signature
	// that it carries.
	List         string
	CheckPackage func(name string, content io.Reader, keys repo.Verifier, now time.Time) error
	// Uploaders are those whose packages are taken.
	Uploaders []Uploader
	// Publish adds packages to the repository, all of them or none: either it returns
	// which files it refused, by path, and why; or an error that has nothing to do with
	// them.
	Publish func(ctx context.Context, files []string) (refused map[string]string, err error)
	Now     func() time.Time // nil is time.Now
}

// Uploader is somebody whose packages are taken.
type Uploader struct {
	Keys repo.Verifier
	// Packages are the packages that may come from there, by their names or those of
	// their source packages; none stands for all.
	Packages []repo.Pattern
}

// State is what became of an upload.
type State string

// The states, as they are written.
const (
	Admitted State = "admitted"
	Refused  State = "refused"
	Waiting  State = "waiting" // it is not complete
)

// Outcome is what became of an upload, and why.
type Outcome struct {
	Name     string   `json:"name"` // of its list, or its only file
	State    State    `json:"state"`
	Packages []string `json:"packages,omitempty"` // name, version and architecture of each
	Signers  []string `json:"signers,omitempty"`
	Reasons  []string `json:"reasons,omitempty"` // why it is refused, or waits
	// Moved is where the files of a refused upload are, below the directory.
	Moved string `json:"moved,omitempty"`
}

// Door watches a directory.
type Door struct {
	Job
	root     *os.Root
	lock     *flock.Flock
	last     look
	lists    map[string]*list // in the last look
	restless bool             // something was new in the last look, or had changed
}

// Open opens a door. Nobody else may have it open.
func Open(j Job) (*Door, error) {
	if j.Now == nil {
		j.Now = time.Now
	}
	if err := os.MkdirAll(j.Staging, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(j.Staging, "lock"), flock.SetPermissions(0o600))
	switch ok, err := lock.TryLock(); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("%s: %w", j.Dir, ErrLocked)
	}
	root, err := os.OpenRoot(j.Dir)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &Door{Job: j, root: root, lock: lock}, nil
}

// Close closes the door.
func (d *Door) Close() error { return errors.Join(d.root.Close(), d.lock.Unlock()) }

// Look looks at the directory once, and does what can be done about what is there and
// has not changed since the look before. The outcomes are in the order of their names.
func (d *Door) Look(ctx context.Context) (outcomes []Outcome, err error) {
	now, err := d.look()
	if err != nil {
		return nil, err
	}
	settled := now.settled(d.last)
	d.last, d.restless = now, len(settled) < len(now)
	defer func() { err = errors.Join(err, d.clear()) }()
	d.lists = d.readLists(now)
	uploads, outcomes := group(now, settled, d.lists, d.packageAlone)
	var admitted []*upload
	for _, u := range uploads {
		facts, err := d.check(ctx, u)
		switch {
		case errors.Is(err, errChanged):
			continue // somebody writes to it after all: the next look will tell
		case err != nil:
			return outcomes, err
		}
		u.outcome = facts.outcome(u.name)
		if u.outcome.Reasons = Decide(facts, d.Uploaders); len(u.outcome.Reasons) > 0 {
			if err := d.refuse(u); err != nil {
				return outcomes, err
			}
			outcomes = append(outcomes, u.outcome)
			continue
		}
		admitted = append(admitted, u)
	}
	published, err := d.publish(ctx, admitted)
	return sorted(append(outcomes, published...)), err
}

// publish hands the uploads on, as few times as possible: where some are refused, the
// others alone.
func (d *Door) publish(ctx context.Context, uploads []*upload) (outcomes []Outcome, err error) {
	for len(uploads) > 0 {
		var files []string
		for _, u := range uploads {
			files = append(files, u.staged...)
		}
		refused, err := d.Publish(ctx, files)
		if err != nil {
			return outcomes, err
		}
		rest := uploads[:0:0]
		for _, u := range uploads {
			for _, file := range u.staged {
				if reason := refused[file]; reason != "" {
					u.outcome.Reasons = append(u.outcome.Reasons, filepath.Base(file)+": "+reason)
				}
			}
			switch {
			case len(u.outcome.Reasons) > 0:
				err = d.refuse(u)
			case len(refused) > 0:
				rest = append(rest, u)
				continue
			default:
				u.outcome.State = Admitted
				err = d.remove(u)
			}
			if err != nil {
				return outcomes, err
			}
			outcomes = append(outcomes, u.outcome)
		}
		if len(rest) == len(uploads) {
			return outcomes, errors.New("files are refused that belong to no upload")
		}
		uploads = rest
	}
	return outcomes, nil
}
