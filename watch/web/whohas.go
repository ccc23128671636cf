package web

import (
	"errors"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Ledgers are the generations of a root with their manifests, see [store.Ledger].
type Ledgers struct {
	*store.Ledger
	// PackageName tells the name and the version that a package file's name says, false
	// where it says none; it is the format's.
	PackageName func(base string) (name, version string, ok bool)
}

// wanted is the file that is asked for.
type wanted struct {
	path, name, version string
	digest              repo.Digest
}

// matches reports whether a file is one that is asked for.
func (q *wanted) matches(f repo.File, l Ledgers) bool {
	switch {
	case q.path != "":
		return f.Path == q.path
	case !q.digest.IsZero():
		return f.Digest == q.digest
	}
	name, version, ok := l.PackageName(path.Base(f.Path))
	return ok && name == q.name && (q.version == "" || version == q.version)
}

// holder is a site that has a file, as far as is known.
type holder struct {
	Site       string      `json:"site"`
	Repository string      `json:"repository"`
	State      watch.State `json:"state"`
	// Since is when it was found to hold a generation that names the file, for good.
	Since      time.Time   `json:"since"`
	Generation repo.Digest `json:"generation"`
	URL        string      `json:"url"`
}

// heldFile is a file with who has it.
type heldFile struct {
	Root   string      `json:"root"`
	Path   string      `json:"path"`
	Size   int64       `json:"size"`
	Digest repo.Digest `json:"digest"`
	// Published is when the source showed a generation with it first, of those kept.
	Published time.Time `json:"published"`
	Sites     []holder  `json:"sites"`
	// Lacking are sites that do not have it, as a look at the file itself told.
	Lacking []string `json:"lacking"`
}

// mostGenerations and mostFiles bound what one question looks through.
const (
	mostGenerations = 50
	mostFiles       = 50
)

// whoHas answers which sites have a file, since when. Parameters: path, or package and
// version, or digest; and repository to ask of one alone.
func (s *Server) whoHas(w http.ResponseWriter, r *http.Request) {
	q, params := wanted{}, r.URL.Query()
	q.path, q.name, q.version = params.Get("path"), params.Get("package"), params.Get("version")
	var err error
	if text := params.Get("digest"); text != "" {
		q.digest, err = repo.ParseDigest(text)
	}
	if err == nil && q.path == "" && q.name == "" && q.digest.IsZero() {
		err = errors.New("name a path, a package (with a version if wanted), or a digest")
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	snapshot := s.Snapshot()
	files := []heldFile{}
	for _, repository := range snapshot.Repositories {
		if name := params.Get("repository"); name != "" && name != repository.Name {
			continue
		}
		for _, root := range repository.Roots {
			l, ok := s.Ledgers[root.Name]
			if !ok {
				continue
			}
			found, err := s.find(r, l, root, &q)
			if err != nil {
				s.fail(w, http.StatusServiceUnavailable, err)
				return
			}
			files = append(files, found...)
		}
	}
	s.answer(w, r, map[string]any{"files": files, "at": snapshot.At})
}

// find looks for files in the generations of a root, newest first.
func (s *Server) find(r *http.Request, l Ledgers, root watch.Root, q *wanted) (files []heldFile, err error) {
	generations, err := l.Generations()
	if err != nil {
		return nil, err
	}
	type place struct {
		path   string
		digest repo.Digest
	}
	naming := map[place][]repo.Digest{}
	index := map[place]int{}
	looked := 0
	for _, g := range slices.Backward(generations) {
		if !g.Kept || looked == mostGenerations {
			continue
		}
		looked++
		m, err := l.Manifest(g.Root)
		if errors.Is(err, store.ErrNotKept) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for f := range m.All {
			if !q.matches(f, l) {
				continue
			}
			at := place{f.Path, f.Digest}
			if _, known := index[at]; !known {
				if len(files) == mostFiles {
					continue
				}
				index[at] = len(files)
				files = append(files, heldFile{Root: root.Name, Path: f.Path, Size: f.Size, Digest: f.Digest, Sites: []holder{}, Lacking: []string{}})
			}
			files[index[at]].Published = g.Published
			naming[at] = append(naming[at], g.Root)
		}
	}
	for at, i := range index {
		if err := s.holders(r, root, naming[at], &files[i]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// holders fills in who has a file that some generations name.
func (s *Server) holders(r *http.Request, root watch.Root, generations []repo.Digest, f *heldFile) error {
	holding, err := s.History.Holders(r.Context(), root.Name, generations...)
	if err != nil {
		return err
	}
	bad, err := s.History.BadFiles(r.Context(), root.Name, f.Path)
	if err != nil {
		return err
	}
	for _, b := range bad {
		if !slices.Contains(f.Lacking, b.Site) {
			f.Lacking = append(f.Lacking, b.Site)
		}
	}
	for _, h := range holding {
		if slices.Contains(f.Lacking, h.Site) {
			continue
		}
		address := h.Site
		if root.Path != "" {
			address += "/" + root.Path
		}
		f.Sites = append(f.Sites, holder{h.Site, h.Repository, h.State, h.Unbroken, h.Generation, address + "/" + f.Path})
	}
	return nil
}
