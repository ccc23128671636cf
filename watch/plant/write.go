package plant

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"time"
)

// readSequence returns the number of the planting that was last begun in the
// directory, 0 for none. What is no mark counts as none.
func readSequence(ctx context.Context, d directory, n Names) (int64, error) {
	content, err := d.read(ctx, n.Begin)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("cannot read %s: %w", n.Begin, err)
	}
	m, err := ParseMark(content)
	if err != nil {
		return 0, nil // it is written anew
	}
	return m.Sequence, nil
}

// fill writes the files in their order. The first that fails ends it: without the
// begin mark the end mark would say too much.
func fill(ctx context.Context, d directory, files []File, n Names) error {
	workspace := "."
	if len(files) > 1 {
		workspace = n.workspace()
		if err := d.makeDirectory(ctx, workspace); err != nil {
			return fmt.Errorf("cannot make the directory %s (for the stamp alone none is needed): %w", workspace, err)
		}
	}
	for _, f := range files {
		if err := put(ctx, d, f, workspace); err != nil {
			return fmt.Errorf("cannot write %s: %w", f.Name, err)
		}
	}
	return nil
}

// put writes a file under another name, and renames it.
func put(ctx context.Context, d directory, f File, workspace string) error {
	name := path.Join(workspace, unfinished(path.Base(f.Name)))
	err := d.create(ctx, name, f.Content)
	if err == nil {
		err = d.replace(ctx, name, f.Name)
	}
	if err != nil {
		_ = d.remove(ctx, name)
	}
	return err
}

// unfinished is the name of a file until it is written; nobody else chooses the same.
func unfinished(base string) string {
	random := make([]byte, 8)
	_, _ = rand.Read(random)
	return "." + base + ".new-" + hex.EncodeToString(random)
}

var unfinishedName = regexp.MustCompile(`^\..*\.new-[0-9a-f]{16}$`)

// leftAfter is how long after it was made an unfinished file is nobody's any more.
const leftAfter = time.Hour

// tidy removes what earlier plantings left: unfinished files of those that were
// killed, and files that this one does not write any more, since they would say
// something old for ever. What cannot be removed stays.
func tidy(ctx context.Context, d directory, files []File, n Names, now time.Time) {
	for _, name := range n.all() {
		if !slices.ContainsFunc(files, func(f File) bool { return f.Name == name }) {
			_ = d.remove(ctx, name)
		}
	}
	if len(files) == 1 {
		return // our own directory is not used
	}
	found, err := d.list(ctx, n.workspace())
	if err != nil {
		return
	}
	for _, info := range found {
		if unfinishedName.MatchString(info.Name()) && now.Sub(info.ModTime()) > leftAfter {
			_ = d.remove(ctx, path.Join(n.workspace(), info.Name()))
		}
	}
}
