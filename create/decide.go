package create

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Removal says which packages are taken out.
type Removal struct {
	// Pattern is a name, or a glob of names.
	Pattern string
	// Architecture is that of the packages, "" for any.
	Architecture string
	// Op and Version limit their versions.
	Op      repo.Op
	Version string
}

func (m *Removal) matches(e *entry, versions repo.Versions) bool {
	return repo.Match(m.Pattern, e.Name) && (m.Architecture == "" || m.Architecture == e.Architecture) && versions.Satisfies(e.Version, m.Op, m.Version)
}

// String is the removal as people write it.
func (m *Removal) String() string {
	text := m.Pattern
	if m.Architecture != "" {
		text += ":" + m.Architecture
	}
	if m.Op != repo.Any {
		text += fmt.Sprintf(" (%s %s)", m.Op, m.Version)
	}
	return text
}

// edits reports whether the packages of the part stay that are not given now.
func (j *Job) edits() bool { return j.Add || len(j.Remove) > 0 || j.Keep > 0 && len(j.Inputs) == 0 }

// decide decides what the repository is to hold.
func (r *run) decide() error {
	given := r.given()
	kept := r.kept()
	d := newDecision(r.Creator, r.held, kept)
	for _, e := range given {
		if err := d.add(e); err != nil {
			r.refuse(e.from.String(), err)
		}
	}
	d.keepNewest(r.Creator.Part(), r.Keep)
	if err := r.checkTree(d); err != nil {
		return err
	}
	if len(r.refused) > 0 && !r.KeepGoing {
		return &RefusedError{r.refused}
	}
	r.now = d.content()
	count := func(c *content) (n int) {
		for _, e := range c.entries {
			if e.part == r.Creator.Part() {
				n++
			}
		}
		return n
	}
	if !r.AllowEmpty && count(r.now) == 0 && count(r.held) > 0 {
		return fmt.Errorf("%s: %w", r.name(), ErrEmpty)
	}
	r.forget()
	return nil
}

// given are the packages that the inputs lead to, in their order.
func (r *run) given() (entries []*entry) {
	for _, f := range r.files {
		e, err := r.entryOf(f)
		switch {
		case err != nil:
			r.refuse(f.String(), err)
		case e != nil:
			entries = append(entries, e)
		}
	}
	return entries
}

// entryOf makes an entry of a file; nil where it only lists others.
func (r *run) entryOf(f *found) (*entry, error) {
	if f.err != nil {
		return nil, f.err
	}
	i := f.row.inspected
	if len(i.Files) > 0 {
		files, err := r.checkBeside(f)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(files, i.Files) {
			c := *i
			c.Files = files
			i, f.row.inspected = &c, &c
		}
	}
	if i.Lists {
		return nil, nil
	}
	place, err := r.Creator.Place(i, f.path())
	if err == nil {
		place, err = repo.CleanPath(place)
	}
	if err == nil && r.at.IndexDir != "" && strings.HasPrefix(place+"/", r.at.IndexDir+"/") {
		err = fmt.Errorf("%s is the place of indexes", place)
	}
	if err != nil {
		return nil, err
	}
	return &entry{
		Inspected: i, path: place, part: r.Creator.Part(), size: f.state.size,
		modified: timeOf(f.state.modified), digest: f.row.digest, from: f,
	}, nil
}

// kept are the packages that stay, whatever is given.
func (r *run) kept() (entries []*entry) {
	matched := make([]bool, len(r.Remove))
	for _, e := range r.held.entries {
		if e.part == r.Creator.Part() {
			removed := !r.edits()
			for i := range r.Remove {
				if r.Remove[i].matches(e, r.Creator) {
					matched[i], removed = true, true
				}
			}
			if removed {
				continue
			}
		}
		entries = append(entries, e)
	}
	for i := range matched {
		if !matched[i] {
			r.warn("%s: nothing to remove", r.Remove[i].String())
		}
	}
	return entries
}

// decision is what a repository is to hold, as far as it is decided.
type decision struct {
	versions repo.Versions
	held     *content
	entries  []*entry
	packages map[identity]*entry
	paths    map[string]placed
	digests  map[partDigest]*entry
}

// identity tells a package from others.
type identity struct {
	name, version, architecture string
	source                      bool
}

func (e *entry) identity() identity {
	return identity{e.Name, e.Version, e.Architecture, e.SourcePackage}
}

// placed is a file at a path, and the package that it belongs to.
type placed struct {
	digest sum
	of     *entry
}

type partDigest struct {
	part   string
	digest sum
}

func newDecision(versions repo.Versions, held *content, kept []*entry) *decision {
	n := len(held.entries)
	d := &decision{
		versions: versions, held: held, packages: make(map[identity]*entry, n), paths: make(map[string]placed, n),
		digests: make(map[partDigest]*entry, n),
	}
	for _, e := range kept {
		d.take(e)
	}
	return d
}

func (d *decision) take(e *entry) {
	d.entries = append(d.entries, e)
	d.packages[e.identity()] = e
	d.digests[partDigest{e.part, e.digest}] = e
	for f := range e.files {
		d.paths[f.Path] = placed{sumOf(f.Digest), e}
	}
}

// add takes up a package that is given. One content may be given any number of times; two
// contents of one package, or at one path, cannot both be right.
func (d *decision) add(e *entry) error {
	if d.digests[partDigest{e.part, e.digest}] != nil {
		return nil
	}
	if other := d.packages[e.identity()]; other != nil && other.digest != e.digest {
		return fmt.Errorf("%s is there with other content: %s", e, other.origin())
	}
	for f := range e.files {
		if other, ok := d.paths[f.Path]; ok && other.digest != sumOf(f.Digest) {
			return fmt.Errorf("%s is there with other content: of %s", f.Path, other.of.origin())
		}
	}
	d.take(d.asHeld(e))
	return nil
}

// asHeld is the package as the repository holds it already, where it does: its file may
// have got another time, and that is no reason to publish anything.
func (d *decision) asHeld(e *entry) *entry {
	held := d.held.byDigest[e.digest]
	if held == nil || held.path != e.path || held.part != e.part {
		return e
	}
	held.Inspected, held.from = e.Inspected, e.from
	return held
}

// keepNewest drops all but the newest versions of each package of the part for an
// architecture.
func (d *decision) keepNewest(part string, newest int) {
	if newest <= 0 {
		return
	}
	of := map[identity][]*entry{}
	for _, e := range d.entries {
		if e.part == part {
			id := e.identity()
			id.version = ""
			of[id] = append(of[id], e)
		}
	}
	dropped := map[*entry]bool{}
	for _, entries := range of {
		slices.SortFunc(entries, func(a, b *entry) int { return d.versions.Compare(b.Version, a.Version) })
		for _, e := range entries[min(newest, len(entries)):] {
			dropped[e] = true
		}
	}
	d.drop(func(e *entry) bool { return dropped[e] })
}

func (d *decision) drop(which func(*entry) bool) {
	d.entries = slices.DeleteFunc(d.entries, which)
}

// content is what was decided.
func (d *decision) content() *content {
	c := &content{entries: d.entries}
	c.sort(d.versions)
	return c
}

// checkTree checks the decision against the other repositories of the tree, which may
// share directories of packages with this one: a path has one content. What was given and
// cannot be placed is refused.
func (r *run) checkTree(d *decision) error {
	if r.before == nil {
		return nil
	}
	for _, p := range r.before.Repositories {
		if p == r.published || path.Clean(p.Place) != path.Clean(r.place) {
			continue
		}
		other, err := r.readContent(p)
		if err != nil {
			return err
		}
		paths := make(map[string]placed, len(d.entries))
		for _, e := range d.entries {
			for f := range e.files {
				paths[f.Path] = placed{sumOf(f.Digest), e}
			}
		}
		wrong := map[*entry]bool{}
		for _, e := range other.entries {
			for f := range e.files {
				mine, ok := paths[f.Path]
				if ok && mine.digest != sumOf(f.Digest) && mine.of.from != nil && !wrong[mine.of] {
					wrong[mine.of] = true
					r.refuse(mine.of.from.String(), fmt.Errorf("%s is there with other content, in %s", f.Path, p.Name))
				}
			}
		}
		d.drop(func(e *entry) bool { return wrong[e] })
	}
	return nil
}
