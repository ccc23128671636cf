package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// layOut expands the sources into repositories and gives each its place in the
// tree.
func (r *run) layOut() error {
	r.upstreams = nil
	for i := range r.Mirror.Sources {
		s := &r.Mirror.Sources[i]
		repositories, err := s.Format.Repositories(s.Source)
		if err != nil {
			return fmt.Errorf("source %s: %w", s.Name, err)
		}
		for _, x := range repositories {
			from := &upstream.Repository{Repository: x, Format: s.Format, Keys: s.Keys, Listed: s.Listed, Bases: x.URLs}
			r.upstreams = append(r.upstreams, &repository{Repository: from, source: s, repository: x, place: path.Join(r.place(s), x.Dir)})
		}
	}
	if len(r.upstreams) == 0 {
		return fmt.Errorf("mirror %s has no repositories", r.Mirror.Name)
	}
	if err := r.checkOnly(); err != nil {
		return err
	}
	if err := r.checkPlaces(); err != nil {
		return err
	}
	return r.checkMoves()
}

// place is where a source is published: its own path, else the mirror's directory
// for the only source, else the source's name below it.
func (r *run) place(s *Source) string {
	switch {
	case s.Path != "":
		return path.Join(r.Mirror.Dir, s.Path)
	case r.Mirror.publishes() == 1:
		return path.Clean(r.Mirror.Dir)
	}
	return path.Join(r.Mirror.Dir, s.Name)
}

// publishes is the number of sources that the mirror holds.
func (m *Mirror) publishes() (n int) {
	for _, s := range m.Sources {
		if !s.Aside {
			n++
		}
	}
	return n
}

func (r *run) checkOnly() error {
	for _, only := range r.Only {
		if !slices.ContainsFunc(r.upstreams, func(u *repository) bool {
			name := u.repository.String()
			return only == name || strings.HasPrefix(name, only+"/")
		}) {
			return fmt.Errorf("mirror %s has no repository %q; it has %s", r.Mirror.Name, only, r.names())
		}
	}
	return nil
}

func (r *run) names() string {
	var names []string
	for _, u := range r.upstreams {
		names = append(names, u.repository.String())
	}
	return strings.Join(names, ", ")
}

// checkPlaces refuses two repositories that would overwrite each other. One whose
// index directory holds another's cannot be exchanged as a whole.
func (r *run) checkPlaces() error {
	for i, u := range r.upstreams {
		for _, v := range r.upstreams[:i] {
			if u.place != v.place || u.source.Aside || v.source.Aside {
				continue
			}
			if u.indexDir() == v.indexDir() {
				return fmt.Errorf("mirror %s: %s and %s would both be published in %s; give one of their sources a path of its own", r.Mirror.Name, v.repository, u.repository, path.Join(u.place, u.indexDir()))
			}
			for _, pair := range [][2]*repository{{u, v}, {v, u}} {
				if strings.HasPrefix(pair[1].indexDir()+"/", pair[0].indexDir()+"/") {
					pair[0].shared = true
				}
			}
		}
	}
	return nil
}

// checkMoves refuses a configuration that would move what is published already:
// clients would find nothing at the old place.
func (r *run) checkMoves() error {
	if r.before == nil {
		return nil
	}
	for _, u := range r.upstreams {
		name := u.repository.String()
		if u.source.Path != "" || u.source.Aside || r.before.Find(name, u.place) != nil {
			continue
		}
		for _, p := range r.before.Repositories {
			if p.Name == name {
				return fmt.Errorf("mirror %s: %s is published in %s and would move to %s; set the source's path to %q to keep it, or to %q to move it",
					r.Mirror.Name, name, p.Place, u.place, below(r.Mirror.Dir, p.Place), below(r.Mirror.Dir, u.place))
			}
		}
	}
	return nil
}

// below returns place relative to dir.
func below(dir, place string) string {
	if place == path.Clean(dir) {
		return "."
	}
	return strings.TrimPrefix(place, path.Clean(dir)+"/")
}

// configuration is a digest of all that decides what the mirror holds: where it
// changes, unchanged upstreams are worked through again.
func (j *Job) configuration() string {
	type source struct {
		repo.Source
		Keys  []string
		Aside bool `json:",omitempty"`
	}
	var m struct {
		Version int // raised when the same settings lead to other files
		Mirror  Mirror
		Sources []source
		Key     string
		Locked  string `json:",omitempty"`
	}
	m.Version = 1
	m.Mirror = *j.Mirror
	m.Mirror.Sources, m.Mirror.Sign = nil, nil
	for _, s := range j.Mirror.Sources {
		m.Sources = append(m.Sources, source{*s.Source, s.Fingerprints, s.Aside})
	}
	if j.Mirror.Sign != nil && !j.Mirror.Full() {
		m.Key = j.Mirror.Sign.Fingerprint
	}
	m.Locked = j.Locked.digest()
	b, err := json.Marshal(m)
	if err != nil { // no value of these types can fail to be written
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
