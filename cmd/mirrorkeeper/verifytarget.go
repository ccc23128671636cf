package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/verify"
)

// verifyTarget says what verify looks at, and with which keys.
type verifyTarget struct {
	app           *app
	keys          []string
	format        string
	suites        []string
	components    []string
	architectures []string
}

func (v *verifyTarget) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&v.keys, "key", nil, "`file` of a key that may sign; can be repeated (default: those the mirror was made with)")
	f.StringVar(&v.format, "type", "", "`format` of the repositories behind a URL, deb or rpm (default: deb with --suite, else what is there)")
	f.StringArrayVar(&v.suites, "suite", nil, "deb: `suite` to check behind a URL; can be repeated")
	f.StringArrayVar(&v.components, "component", nil, "deb: `component` to check behind a URL; can be repeated (default: all)")
	f.StringArrayVar(&v.architectures, "architecture", nil, "`architecture` whose closure is checked; can be repeated")
}

// find opens the tree and finds the repositories in it.
func (v *verifyTarget) find(ctx context.Context, where string, level verify.Level) (verify.Tree, []verify.Target, error) {
	if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
		return v.site(ctx, strings.TrimRight(where, "/"), level)
	}
	info, err := os.Stat(where)
	if err != nil || !info.IsDir() {
		return nil, nil, &exit{Code: exitUsage, Err: fmt.Errorf("%s is not a directory", where), Hint: "give the directory of a mirror, or its URL"}
	}
	dir, err := filepath.Abs(where)
	if err != nil {
		return nil, nil, err
	}
	known, err := v.known(dir)
	if err != nil {
		return nil, nil, err
	}
	var targets []verify.Target
	for _, format := range assembly.Formats() {
		found, err := format.Find(os.DirFS(dir))
		if err != nil {
			return nil, nil, err
		}
		for _, x := range withKnown(format, found, known) {
			t, err := v.target(format, x, level)
			if err != nil {
				return nil, nil, err
			}
			targets = append(targets, t)
		}
	}
	if len(targets) == 0 {
		return nil, nil, &exit{Code: exitUsage, Err: fmt.Errorf("there is no repository in %s", where)}
	}
	tree, err := verify.OpenDir(dir)
	return tree, targets, err
}

// candidate is a repository to check, with what the state directory knows of it.
type candidate struct {
	repo.Found
	known *knownRepository // nil for nothing
}

// withKnown joins what was found in the tree with what the state directory knows:
// a repository whose root is gone is known only, and only the record tells what the
// paths of a flat one are relative to, and those of an rpm one whose packages lie
// beside it.
func withKnown(format repo.Format, found []repo.Found, known []knownRepository) (out []candidate) {
	rootOf := func(x repo.Found) string {
		return path.Join(x.Dir, path.Dir(format.RootForms(x.Repository)[0].Main))
	}
	of := map[string]*knownRepository{}
	for i := range known {
		k := &known[i]
		if k.published.Type != format.Name() {
			continue
		}
		x, err := k.found(format)
		if err != nil {
			continue // a record of a configuration that is none any more
		}
		i := slices.IndexFunc(found, func(f repo.Found) bool { return rootOf(f) == rootOf(x) })
		switch {
		case i < 0:
			out = append(out, candidate{x, k})
		case found[i].Dir != x.Dir:
			found[i] = x
		}
		of[rootOf(x)] = k
	}
	for _, f := range found {
		out = append(out, candidate{f, of[rootOf(f)]})
	}
	return out
}

// target makes a target of a candidate.
func (v *verifyTarget) target(format repo.Format, x candidate, level verify.Level) (verify.Target, error) {
	t := verify.Target{Dir: x.Dir, Repository: x.Repository, Format: format, Architectures: v.architectures}
	if level < verify.Signature {
		t.Repository.Source.Trusted = true // an unsigned root has no defect that the level sees
	}
	if t.Architectures == nil {
		t.Architectures = x.Repository.Source.Architectures
	}
	var keys [][]byte
	if x.known != nil {
		keys = x.known.keys
		for f := range x.known.manifest.All {
			t.Required = append(t.Required, f)
		}
	}
	verifier, err := v.verifier(keys, x.Repository, level)
	t.Keys = verifier
	return t, err
}

// verifier checks signatures where the level asks for it.
func (v *verifyTarget) verifier(known [][]byte, r *repo.Repository, level verify.Level) (repo.Verifier, error) {
	if level < verify.Signature {
		return signature.Unchecked{}, nil
	}
	if len(v.keys) > 0 {
		ring, err := signature.Load(v.keys, nil)
		if err != nil {
			return nil, &exit{Code: exitUsage, Err: err}
		}
		return ring, nil
	}
	if len(known) == 0 {
		return nil, &exit{
			Code: exitUsage, Err: fmt.Errorf("%s: no key is known that may sign it", r),
			Hint: "name its key with --key FILE, or check --level digest",
		}
	}
	ring := &signature.Keyring{}
	for _, key := range known {
		if err := ring.Add("the mirror's keys", key); err != nil {
			return nil, err
		}
	}
	return ring, nil
}

// knownRepository is a repository that the state directory knows.
type knownRepository struct {
	dir       string // of the tree that is verified
	published *store.Published
	manifest  *repo.Manifest
	keys      [][]byte
}

// found makes up the repository of a record.
func (k *knownRepository) found(format repo.Format) (repo.Found, error) {
	source := &repo.Source{Type: k.published.Type, URLs: []string{"file:///"}}
	switch source.Type {
	case "rpm":
		source.Name = k.published.Name
		// The repository's own directory is as deep as the source's root leads upwards.
		if dir := path.Dir(path.Dir(k.published.Main)); dir != "." {
			source.URLs = []string{"file:///" + dir}
			source.Root = strings.Repeat("../", strings.Count(dir, "/")+1)
		}
	default:
		name, suite, _ := strings.Cut(k.published.Name, "/")
		source.Name, source.Suites = name, []string{suite}
	}
	all, err := format.Repositories(source)
	if err != nil {
		return repo.Found{}, err
	}
	return repo.Found{Dir: k.dir, Repository: all[0]}, nil
}

// known reads the records of the mirrors that are published in the directory or
// below it: from the configured state directory, else from the one there, or in one
// of its parents.
func (v *verifyTarget) known(dir string) ([]knownRepository, error) {
	if v.app.config != "" {
		c, err := v.app.loadConfig()
		if err != nil {
			return nil, err
		}
		s, err := store.OpenState(c.Destination, c.State)
		if err != nil {
			return nil, err
		}
		return knownIn(s, dir), nil
	}
	for top := dir; ; top = filepath.Dir(top) {
		state := filepath.Join(top, ".mirrorkeeper")
		if _, err := os.Stat(filepath.Join(state, "version")); err == nil {
			s, err := store.OpenState(top, state)
			if err != nil {
				return nil, err
			}
			return knownIn(s, dir), nil
		}
		if top == filepath.Dir(top) {
			return nil, nil
		}
	}
}

func knownIn(s *store.Store, dir string) (out []knownRepository) {
	mirrors, err := s.Mirrors()
	if err != nil {
		return nil
	}
	for _, name := range mirrors {
		record, err := s.AsShown(name)
		if err != nil || record == nil {
			continue
		}
		keys, err := s.Keys(name)
		if err != nil {
			continue
		}
		shown := record.Repositories
		for _, p := range slices.Concat(shown, snapshotsOf(s, name)) {
			at, err := filepath.Rel(dir, filepath.Join(s.Destination(), filepath.FromSlash(p.Place)))
			if err != nil || at == ".." || strings.HasPrefix(at, "../") {
				continue
			}
			m, err := s.Manifest(name, p)
			if err != nil {
				continue
			}
			if !slices.Contains(shown, p) {
				m.Root = nil // one that would have expired was signed anew
			}
			out = append(out, knownRepository{path.Clean(filepath.ToSlash(at)), p, m, keys})
		}
	}
	return out
}

// snapshotsOf are the repositories of generations with trees of their own, in their places
// there.
func snapshotsOf(s *store.Store, name string) (out []*store.Published) {
	all, err := s.Generations(name)
	if err != nil {
		return nil
	}
	for _, k := range all {
		if !s.HasSnapshot(&k.Record) {
			continue
		}
		for _, p := range k.Repositories {
			at := *p
			at.Place = path.Join(k.SnapshotDir(), k.Below(p))
			out = append(out, &at)
		}
	}
	return out
}

// site is a tree behind a URL: it cannot be searched, so the suites of a deb archive
// are named, and an rpm repository is at the URL itself.
func (v *verifyTarget) site(ctx context.Context, where string, level verify.Level) (verify.Tree, []verify.Target, error) {
	if _, err := url.Parse(where); err != nil {
		return nil, nil, usage("%v", err)
	}
	client, err := transport.New(transport.Options{UserAgent: "mirrorkeeper/" + console.Version()})
	if err != nil {
		return nil, nil, err
	}
	site := &verify.Site{Client: client, URL: where}
	source := &repo.Source{Name: where, Type: v.format, URLs: []string{where}, Architectures: v.architectures}
	if source.Type == "" {
		source.Type = v.formatOf(ctx, site)
	}
	format := assembly.FormatNamed(source.Type)
	switch {
	case format == nil:
		return nil, nil, usage("there is no format %q; the formats are %s", source.Type, assembly.FormatNames())
	case source.Type == "deb" && len(v.suites) == 0:
		return nil, nil, &exit{Code: exitUsage, Err: errors.New("a site cannot be searched for repositories"), Hint: "name the suites of a deb archive with --suite, or give the URL that an rpm repository's repodata is below"}
	case source.Type == "deb":
		source.Suites, source.Components = v.suites, v.components
	case len(v.suites)+len(v.components) > 0:
		return nil, nil, usage("--suite and --component are for deb archives; --type is %s", source.Type)
	}
	repositories, err := format.Repositories(source)
	if err != nil {
		return nil, nil, usage("%v", err)
	}
	var targets []verify.Target
	for _, r := range repositories {
		t, err := v.target(format, candidate{repo.Found{Dir: ".", Repository: r}, nil}, level)
		if err != nil {
			return nil, nil, err
		}
		targets = append(targets, t)
	}
	return site, targets, nil
}

// formatOf is the format of a site's repositories: deb where suites are named, else
// rpm where the site shows the root of such a repository.
func (v *verifyTarget) formatOf(ctx context.Context, site *verify.Site) string {
	if len(v.suites) > 0 {
		return "deb"
	}
	if _, err := site.Size(ctx, "repodata/repomd.xml"); err != nil {
		return "deb"
	}
	return "rpm"
}
