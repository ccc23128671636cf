package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func (a *app) keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "key export|generate|show",
		Short: "Export, make and look at the keys that repositories are signed with",
		Args:  exactly(0),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.keyExportCommand(), a.keyGenerateCommand(), a.keyShowCommand())
	return c
}

// keysOf says whose keys are meant: those of a file, of a mirror or repository of the
// configuration, or of one that was made in a directory without a configuration.
type keysOf struct{ destination string }

func (k *keysOf) flags(c *cobra.Command) {
	c.Flags().StringVar(&k.destination, "destination", "", "`directory` that the mirror or repository was made in, where there is no configuration")
}

// public are the public keys that clients check what is named with: those that the next
// run signs with, or for a full mirror those of upstream.
func (a *app) public(ctx context.Context, of *keysOf, name string) (*signature.Keyring, error) {
	switch {
	case of.destination != "":
		dir, err := filepath.Abs(of.destination)
		if err != nil {
			return nil, err
		}
		s, err := store.OpenState(dir, filepath.Join(dir, ".mirrorkeeper"))
		if err != nil {
			return nil, err
		}
		return remembered(s, name)
	case isKeyFile(name):
		return signature.Load([]string{name}, nil)
	}
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	s, err := store.OpenState(c.Destination, c.State)
	if err != nil {
		return nil, err
	}
	if m := c.Mirror(name); m != nil {
		if m.Full() {
			return upstreamKeys(s, c, m)
		}
		return publicKeys(ctx, s, m.Sign)
	}
	for _, r := range c.Repositories {
		switch {
		case r.Name != name && r.Archive != name:
		case r.Unsigned:
			return nil, fmt.Errorf("repository %s is not signed", name)
		default:
			return publicKeys(ctx, s, r.Sign)
		}
	}
	return nil, &exit{
		Code: exitUsage, Err: fmt.Errorf("there is no mirror or repository %q; the configuration has %s", name, namesOf(c)),
		Hint: "a file is written with its directory, as ./" + name,
	}
}

// isKeyFile reports whether an argument names a file, not a mirror.
func isKeyFile(name string) bool {
	switch filepath.Ext(name) {
	case ".asc", ".gpg", ".pgp", ".key":
		return true
	}
	return strings.Contains(name, "/")
}

func namesOf(c *config.Config) string {
	var names []string
	for _, m := range c.Mirrors {
		names = append(names, m.Name)
	}
	for _, r := range c.Repositories {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// remembered are the keys of what was published last.
func remembered(s *store.Store, name string) (*signature.Keyring, error) {
	keys, err := s.Keys(name)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, &exit{Code: exitFailed, Err: fmt.Errorf("no keys are known of %s in %s", name, s.Destination()), Hint: "it is not signed, or was not published yet"}
	}
	ring := &signature.Keyring{}
	for _, key := range keys {
		if err := ring.Add("the keys of "+name, key); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// upstreamKeys are the keys that a full mirror's upstream signs with.
func upstreamKeys(s *store.Store, c *config.Config, m *config.Mirror) (*signature.Keyring, error) {
	var files []string
	for _, name := range m.From {
		source := c.Source(name)
		if source.System() {
			return remembered(s, m.Name) // only a run finds out what the system uses
		}
		files = append(files, source.Keys...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("mirror %s is full, and nothing is known to sign its sources", m.Name)
	}
	return signature.Load(files, nil)
}

// publicKeys are the public halves of the configured keys, without opening them.
func publicKeys(ctx context.Context, s *store.Store, configured []config.Sign) (*signature.Keyring, error) {
	ring := &signature.Keyring{}
	for _, c := range configured {
		if c.GPG != "" {
			_, binary, err := assembly.GPGKey(c, nil).Public(ctx)
			if err != nil {
				return nil, err
			}
			if err := ring.Add(c.GPG, binary); err != nil {
				return nil, err
			}
			continue
		}
		file := c.Key
		if c.Public != "" {
			file = c.Public
		}
		if err := addFile(ring, file); err != nil {
			return nil, err
		}
	}
	if len(configured) > 0 {
		return ring, nil
	}
	err := addFile(ring, s.PrivateFile(assembly.ReleaseKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &exit{Code: exitFailed, Err: errors.New("there is no key yet"), Hint: "the first run that signs makes it: mirrorkeeper sync, or create"}
	}
	return ring, err
}

func addFile(ring *signature.Keyring, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return ring.Add(file, content)
}
