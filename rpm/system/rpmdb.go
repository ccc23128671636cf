package system

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// rpmDatabase is the directory of a machine's database of installed packages, ""
// where there is none.
type rpmDatabase string

// rpmDatabase finds the database. It is not made where there is none.
func (f files) rpmDatabase() rpmDatabase {
	for _, directory := range []string{"/usr/lib/sysimage/rpm", "/var/lib/rpm"} {
		for _, name := range []string{"rpmdb.sqlite", "Packages.db", "Packages"} {
			if path := filepath.Join(directory, name); f.exists(path) {
				return rpmDatabase(f.on(directory))
			}
		}
	}
	return ""
}

// patience is how long rpm may take for an answer.
const patience = time.Minute

// query returns what rpm writes of the packages that the arguments select, in the
// format; "" where there is no such package, no database, or no rpm.
func (d rpmDatabase) query(format string, arguments ...string) (string, error) {
	if d == "" {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// The database is named, for --root is root's alone, and rpm of this machine may
	// have another place for it.
	c := exec.CommandContext(ctx, "rpm", append([]string{"--dbpath", string(d), "--query", "--queryformat", format}, arguments...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=/"}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return string(out), nil
	case errors.Is(err, exec.ErrNotFound):
		return "", nil
	case errors.As(err, &exit) && exit.Exited() && stderr.Len() == 0:
		return "", nil // "no package provides ..." on its output
	}
	return "", fmt.Errorf("rpm database %s: %w: %s", string(d), err, excerpt(strings.TrimSpace(stderr.String())))
}

// keys are the public keys that rpm trusts, armoured one after the other.
func (d rpmDatabase) keys() ([]byte, error) {
	text, err := d.query("%{DESCRIPTION}\n", "gpg-pubkey")
	return []byte(text), err
}
