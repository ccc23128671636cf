package probe

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"path"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// maxRoot bounds a root file in bytes; usualRoot is what time is given for. Debian's is
// about 200 kB.
const (
	maxRoot   = 16 << 20
	usualRoot = 1 << 20
)

// kept are the headers of a root's answer that tell of its age, and of caches between.
var kept = []string{"Age", "Cache-Control", "Cf-Cache-Status", "Date", "Etag", "Last-Modified", "Server", "Via", "X-Cache"}

// seeRoot reads the root of a repository, conditionally where the endpoint is known to
// show the generation of the task.
func (l *look) seeRoot(ctx context.Context, s *Source, t watch.Task) (watch.RootSeen, answer) {
	var held map[string]string
	if known := l.knownRoot(s.Name); known != nil && !t.Generation.IsZero() && known.Digest == t.Generation {
		held = known.Headers
	}
	return l.readRoot(ctx, s, t.Generation, held)
}

// readRoot reads a root. The headers are those of an answer that was the generation.
func (l *look) readRoot(ctx context.Context, s *Source, generation repo.Digest, held map[string]string) (seen watch.RootSeen, a answer) {
	for _, main := range l.mainsOf(s) {
		if seen, a = l.readForm(ctx, s, main, generation, held); seen.Fault != watch.FaultMissing {
			break
		}
	}
	return seen, a
}

// readForm reads a root in one form.
func (l *look) readForm(ctx context.Context, s *Source, main string, generation repo.Digest, held map[string]string) (seen watch.RootSeen, a answer) {
	seen = watch.RootSeen{Name: s.Name, At: l.client.Now()}
	header := map[string]string{}
	for name, from := range map[string]string{"If-None-Match": "Etag", "If-Modified-Since": "Last-Modified"} {
		if value := held[from]; value != "" {
			header[name] = value
		}
	}
	a = l.get(ctx, s, main, header)
	seen.Headers = headers(a.header)
	seen.Fault, seen.Detail = a.fault, a.detail
	switch {
	case a.fault != watch.FaultNone:
	case a.code == http.StatusNotModified && len(header) > 0:
		seen.NotModified, seen.Digest = true, generation
		seen.Headers = withValidators(seen.Headers, held)
	case a.code != http.StatusOK:
		seen.Fault = watch.FaultUnreachable // nothing that this request asked for
	case isPage(a.body):
		seen.Fault, seen.Detail = watch.FaultMissing, a.status+" with a page of HTML in the place of the file"
	default:
		sum := sha256.Sum256(a.body)
		seen.Digest = repo.NewDigest(repo.SHA256, sum[:])
		l.identify(ctx, s, main, &seen, a.body)
	}
	return seen, a
}

// get reads a file of a root.
func (l *look) get(ctx context.Context, s *Source, name string, header map[string]string) answer {
	if l.rsync != nil {
		return l.rsync.get(ctx, path.Join(s.Path, name), maxRoot)
	}
	return l.client.ask(ctx, request{method: http.MethodGet, url: l.url(s, name), header: header, most: maxRoot, expected: usualRoot})
}

// headers picks those that are kept.
func headers(all http.Header) map[string]string {
	out := map[string]string{}
	for _, name := range kept {
		if value := all.Get(name); value != "" {
			out[name] = cut(value, 200)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// withValidators are the headers of an answer that need not repeat the validators
// (RFC 9110, 15.4.5) with those held before.
func withValidators(headers, held map[string]string) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"Etag", "Last-Modified"} {
		if value := held[name]; value != "" {
			out[name] = value
		}
	}
	maps.Copy(out, headers)
	return out
}

// mainsOf are the paths of the root file: that in the form that the source has it, or those
// of all forms, as long as that is not known.
func (l *look) mainsOf(s *Source) (paths []string) {
	if all := l.generations(s); len(all) > 0 && all[len(all)-1].Main != "" {
		return []string{all[len(all)-1].Main}
	}
	for _, form := range s.Format.RootForms(s.Repository) {
		paths = append(paths, form.Main)
	}
	return paths
}

// identify reads a root that the ledger does not have: who signed it, and its date.
func (l *look) identify(ctx context.Context, s *Source, main string, seen *watch.RootSeen, content []byte) {
	if l.knows(s, seen.Digest) {
		return
	}
	forms := s.Format.RootForms(s.Repository)
	i := slices.IndexFunc(forms, func(f repo.RootForm) bool { return f.Main == main })
	if i < 0 {
		return
	}
	files := repo.RootFiles{main: content}
	if name := forms[i].Signature; name != "" {
		if a := l.get(ctx, s, name, nil); a.fault == watch.FaultNone {
			files[name] = a.body
		}
	}
	root, err := s.Format.ReadRoot(evenExpired(s.Repository), forms[i], files, s.Keys, l.client.Now())
	if err != nil {
		seen.Detail = cut(err.Error(), 300)
		if forged(s, forms[i], err) {
			seen.Forged = seen.Detail
		}
		return
	}
	seen.Date, seen.Signed = root.Date, len(root.Signers) > 0
}

// forged reports whether the error of a root says that the source cannot have signed it. A
// signature in a file of its own that a key of the source made, for another content, may
// be that of the generation before or after it, and what is not there may still be copied.
func forged(s *Source, form repo.RootForm, err error) bool {
	unknown, bad := errors.Is(err, signature.ErrUnknownKey), errors.Is(err, signature.ErrBadSignature)
	return s.Keys != nil && !s.Repository.Source.Trusted && (unknown && !bad || form.Signature == "" && (unknown || bad))
}

// evenExpired is the repository as one whose roots may have expired: an old one still
// tells what it is.
func evenExpired(r *repo.Repository) *repo.Repository {
	source := *r.Source
	source.IgnoreValidUntil = true
	lenient := *r
	lenient.Source = &source
	return &lenient
}

// url is that of a file of the repository at the site.
func (l *look) url(s *Source, name string) string {
	return transport.URL(transport.URL(l.base, s.Path), name)
}
