package assembly

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
)

// NewCreator makes the format's description of a repository that is created. Large
// temporary files go into the directory scratch.
func NewCreator(r config.Repository, scratch string) (repo.Creator, error) {
	var c interface {
		repo.Creator
		Check() error
	}
	var err error
	switch r.Type {
	case "deb":
		c, err = debCreator(r, scratch)
	case "rpm":
		c, err = rpmCreator(r)
	default:
		return nil, console.Usage("the type is %q; it is %s", r.Type, FormatNames())
	}
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return nil, &console.Exit{Code: console.ExitUsage, Err: err}
	}
	return c, nil
}

func debCreator(r config.Repository, scratch string) (*deb.Creator, error) {
	c := &deb.Creator{
		Suite: r.Suite, Codename: r.Codename, Component: r.Component, Architectures: r.Architectures,
		Origin: r.Origin, Label: r.Label, Version: r.Version, Description: r.Description,
		NotAutomatic: r.NotAutomatic, ButAutomaticUpgrades: r.ButAutomaticUpgrades,
		Compressions: suffixes(r.Compress), Contents: r.Contents, Flat: r.Flat, AnyName: r.AnyName, Scratch: scratch,
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&c.Overrides, r.Override}, {&c.SourceOverrides, r.SourceOverride}, {&c.ExtraOverrides, r.ExtraOverride}} {
		content, err := readPlain(f.from)
		if err != nil {
			return nil, err
		}
		*f.to = string(content)
	}
	var err error
	c.Digests, err = algorithms(r.Digests)
	return c, err
}

func rpmCreator(r config.Repository) (*rpm.Creator, error) {
	c := &rpm.Creator{
		Title: r.Name, Layout: r.Layout, AnyName: r.AnyName, Distro: r.DistroTags, Content: r.ContentTags, Repo: r.RepoTags,
		Revision: r.Revision, ChangelogLimit: r.ChangelogLimit,
	}
	if len(r.Compress) > 1 || len(r.Digests) > 1 {
		return nil, fmt.Errorf("a repository of rpm has one compression and one digest, not %s", strings.Join(append(r.Compress, r.Digests...), ", "))
	}
	for _, s := range suffixes(r.Compress) {
		c.Compression = s
	}
	digests, err := algorithms(r.Digests)
	if err != nil {
		return nil, err
	}
	for _, a := range digests {
		c.Checksum = a
	}
	if c.Comps, err = readPlain(r.Comps); err != nil {
		return nil, err
	}
	if c.Updateinfo, err = readPlain(r.Updateinfo); err != nil {
		return nil, err
	}
	for _, file := range r.Modules {
		content, err := readPlain(file)
		if err != nil {
			return nil, err
		}
		c.Modules = append(c.Modules, content)
	}
	for kind, file := range r.Records {
		content, err := readPlain(file)
		if err != nil {
			return nil, err
		}
		if c.Records == nil {
			c.Records = map[string][]byte{}
		}
		c.Records[kind] = content
	}
	return c, nil
}

func suffixes(names []string) (out []string) {
	for _, name := range names {
		out = append(out, "."+name)
	}
	return out
}

func algorithms(names []string) (out []repo.Algorithm, err error) {
	for _, name := range names {
		a, err := repo.ParseAlgorithm(name)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// maxMetadata bounds a file of metadata that goes into a repository, in bytes.
const maxMetadata = 1 << 30

// readPlain reads a file that may be compressed; nil where none is named.
func readPlain(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	_, suffix := compress.SplitSuffix(name)
	r, err := compress.Open(f, suffix, maxMetadata)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return content, nil
}
