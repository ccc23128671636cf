package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// kept says where a command finds the generations of mirrors: in the destination of the
// configuration, or in one that is named.
type kept struct {
	app         *app
	destination string
	key         string
	passphrase  string

	config *config.Config
	store  *store.Store
}

func (k *kept) flags(c *cobra.Command) {
	c.Flags().StringVar(&k.destination, "destination", "", "`directory` that was published in without a configuration (create --destination, sync --to)")
}

func (k *kept) signingFlags(c *cobra.Command) {
	c.Flags().StringVar(&k.key, "key", "", "with --destination: `file` of the secret key that signs (default: the one that was made once)")
	c.Flags().StringVar(&k.passphrase, "passphrase-file", "", "`file` whose first line is the passphrase of the key")
}

// open opens the store, to write it or to look only.
func (k *kept) open(write bool) (err error) {
	switch {
	case k.destination != "" && k.app.config != "":
		return usage("--destination and --config exclude each other")
	case k.key != "" && k.destination == "":
		return usage("--key goes with --destination; a mirror of the configuration has sign: for that")
	case k.passphrase != "" && k.key == "":
		return usage("--passphrase-file goes with --key")
	case k.destination != "":
		dir, err := filepath.Abs(k.destination)
		if err != nil {
			return err
		}
		k.config = config.New()
		k.config.Destination, k.config.State = dir, filepath.Join(dir, ".mirrorkeeper")
	default:
		if k.config, err = k.app.loadConfig(); err != nil {
			return err
		}
	}
	open := store.OpenState
	if write {
		open = store.Open
	}
	k.store, err = open(k.config.Destination, k.config.State)
	return err
}

// change opens the store for a change of one mirror, which is under the store's lock until
// it is unlocked.
func (k *kept) change(ctx context.Context, name string) (m *generations.Mirror, unlock func(), err error) {
	if err := k.open(true); err != nil {
		return nil, nil, err
	}
	if err := k.check(name); err != nil {
		return nil, nil, err
	}
	if unlock, err = assembly.Lock(k.store); err != nil {
		return nil, nil, err
	}
	if m, err = k.signed(ctx, name); err != nil {
		unlock()
		return nil, nil, err
	}
	return m, unlock, nil
}

// names are those of all mirrors and repositories that were published.
func (k *kept) names() ([]string, error) {
	all, err := k.store.Mirrors()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(name string) bool {
		_, channel := store.SplitChannel(name)
		return channel != ""
	})
	slices.Sort(all)
	return all, nil
}

// check refuses names that nothing was published under.
func (k *kept) check(names ...string) error {
	all, err := k.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return usage("no mirror %q was published in %s; there are: %s", name, k.store.Destination(), strings.Join(all, ", "))
		}
	}
	return nil
}

// mirror is a mirror over time, for looking.
func (k *kept) mirror(name string) *generations.Mirror {
	return &generations.Mirror{
		Name: name, Store: k.store, Formats: assembly.Formats(), Grace: k.config.Keep.Grace, Keep: assembly.Retention(k.config),
	}
}

// signed is a mirror over time with the key that signs it.
func (k *kept) signed(ctx context.Context, name string) (*generations.Mirror, error) {
	m := k.mirror(name)
	var sign []config.Sign
	if c := k.config.Mirror(name); c != nil {
		if c.Full() && len(c.Sign) == 0 {
			return m, nil
		}
		sign, m.ValidFor = c.Sign, c.ValidFor
	}
	for _, r := range k.config.Repositories {
		if r.Archive != name {
			continue
		}
		if r.Unsigned {
			return m, nil
		}
		sign, m.ValidFor = r.Sign, max(m.ValidFor, r.ValidFor)
	}
	if k.key != "" {
		sign = []config.Sign{{Key: k.key, PassphraseFile: k.passphrase}}
	}
	if k.destination != "" && len(sign) == 0 {
		key, err := signature.ReadKey(k.store.PrivateFile(assembly.ReleaseKey), nil)
		if errors.Is(err, fs.ErrNotExist) {
			return m, nil // nothing was ever signed with it
		}
		if err != nil {
			return nil, err
		}
		m.Sign, err = signature.NewSigning(ctx, key)
		return m, err
	}
	var err error
	m.Sign, err = assembly.Signing(ctx, k.store, sign)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// shortTime is how lists tell times.
func shortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
