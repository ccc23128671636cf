package probe

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// check carries out a task on files, several at once.
func (l *look) check(ctx context.Context, s *Source, t watch.Task) (watch.Check, error) {
	c := watch.Check{Level: t.Level, Root: t.Generation, Against: t.Against, At: l.client.Now(), Skip: t.Skip, Seed: t.Seed, After: t.After}
	files, err := filesOf(s, l.target.Site.Scope, t)
	if err != nil {
		return c, err
	}
	c.Of = len(files)
	if t.Level == watch.LevelAgain {
		c.Right = gone(t.Paths, files)
	}
	if t.Level == watch.LevelSweep {
		files = slices.DeleteFunc(files, func(f repo.File) bool { return f.Path <= t.After })
	}
	skip, byChance := min(max(t.Skip, 0), len(files)), t.Level == watch.LevelSample || t.Level == watch.LevelBytes
	if !byChance {
		files = files[skip:]
	}
	if test, ok := l.listed(ctx, s, t, files); ok {
		// One listing tells of all files, whatever limit there is.
		l.sum(&c, s, files, each(files, test))
		return c, nil
	}
	rest := len(files)
	if byChance {
		most := rest
		if t.Limit > 0 {
			most = min(skip+t.Limit, rest)
		}
		files = shuffled(files, most, t.Seed, s.part)[skip:]
	}
	if t.Limit > 0 {
		files = files[:min(t.Limit, len(files))]
	}
	test := l.testOf(s, t)
	seen := make([]*watch.FileSeen, len(files))
	n, why := l.parallel(ctx, len(files), func(i int) (more bool, why string) {
		bad, a := test(ctx, files[i])
		if a.stopped {
			return false, a.detail
		}
		seen[i] = bad
		return true, ""
	})
	c.Detail = why
	if t.Level == watch.LevelSweep && n < rest {
		c.Last = t.After
		if n > 0 {
			c.Last = files[n-1].Path
		}
	}
	l.sum(&c, s, files[:n], seen[:n])
	return c, nil
}

// parallel calls f for 0 to n-1, several at once, until it says that there is no more. It
// returns how many of the first ones are done.
func (l *look) parallel(ctx context.Context, n int, f func(i int) (more bool, why string)) (done int, why string) {
	var mu sync.Mutex
	next, end := 0, n
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= end
	}
	var wg sync.WaitGroup
	for range min(l.client.PerHost, n) {
		wg.Go(func() {
			for {
				i, ok := take()
				if !ok {
					return
				}
				more, reason := true, ""
				if err := l.client.pace.Wait(ctx); err != nil {
					more, reason = false, "interrupted"
				} else {
					more, reason = f(i)
				}
				if !more {
					mu.Lock()
					if i < end {
						end, why = i, reason
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return end, why
}

// sum counts what was seen of files.
func (l *look) sum(c *watch.Check, s *Source, files []repo.File, seen []*watch.FileSeen) {
	parts := map[watch.Part]*watch.PartSeen{}
	var wrong, unanswered []watch.FileSeen
	c.Checked = len(files)
	for i, f := range files {
		part := s.part(f.Path)
		if part != (watch.Part{}) {
			if parts[part] == nil {
				parts[part] = &watch.PartSeen{Part: part}
			}
			parts[part].Checked++
		}
		bad := seen[i]
		switch {
		case bad == nil && c.Level == watch.LevelAgain:
			c.Right = append(c.Right, f.Path)
			continue
		case bad == nil:
			continue
		case bad.Fault == watch.FaultMissing && part != (watch.Part{}):
			parts[part].Missing++
		}
		bad.Part = part
		if bad.Fault.Says() {
			wrong = append(wrong, *bad)
		} else {
			unanswered = append(unanswered, *bad)
		}
	}
	c.BadCount, c.Unanswered = len(wrong)+len(unanswered), len(unanswered)
	c.Bad = append(wrong, unanswered...)
	if c.Level != watch.LevelAgain { // those were listed before
		c.Bad = c.Bad[:min(len(c.Bad), l.client.MaxBad)]
	}
	for _, p := range parts {
		c.Parts = append(c.Parts, *p)
	}
	slices.SortFunc(c.Parts, func(a, b watch.PartSeen) int {
		return cmp.Or(strings.Compare(a.Component, b.Component), strings.Compare(a.Architecture, b.Architecture))
	})
}

// gone are the paths that no file has any more.
func gone(paths []string, files []repo.File) (out []string) {
	there := map[string]bool{}
	for _, f := range files {
		there[f.Path] = true
	}
	for _, p := range paths {
		if !there[p] {
			out = append(out, p)
		}
	}
	return out
}

// test looks at one file; nil for one that is as it ought to be.
type test func(context.Context, repo.File) (*watch.FileSeen, answer)

// smallIndex is the size in bytes below which an index is read whole in every look, and
// maxWhole that up to which a file is that was wrong before.
const (
	smallIndex = 256 << 10
	maxWhole   = 64 << 20
)

// testOf is how the files of a task are looked at.
func (l *look) testOf(s *Source, t watch.Task) test {
	names := namesOfIndexes(s, t)
	size := func(ctx context.Context, f repo.File) (*watch.FileSeen, answer) {
		bad, a := l.size(ctx, s, f)
		if _, isIndex := names[f.Digest]; isIndex {
			return l.whose(ctx, s, t, f, bad, a)
		}
		return bad, a
	}
	switch t.Level {
	case watch.LevelIndexes:
		whole := l.readWhole(s, t, names)
		return func(ctx context.Context, f repo.File) (*watch.FileSeen, answer) {
			if whole(f) {
				return l.digest(ctx, s, t, f)
			}
			return size(ctx, f)
		}
	case watch.LevelAgain:
		return func(ctx context.Context, f repo.File) (*watch.FileSeen, answer) {
			if bad, a := size(ctx, f); bad != nil || a.stopped || f.Digest.IsZero() || f.Size > maxWhole {
				return bad, a
			}
			return l.digest(ctx, s, t, f)
		}
	case watch.LevelBytes:
		return func(ctx context.Context, f repo.File) (*watch.FileSeen, answer) { return l.bytes(ctx, s, t, f) }
	}
	return size
}

// isDigestOf reports whether the file is named by its digest.
func isDigestOf(f repo.File) bool { return strings.Contains(f.Path, f.Digest.Hex()) }

// readWhole picks the indexes that are read whole: small ones in each look, large ones once
// for each generation that brings them, as far as the look's bytes for them suffice. It is
// enough to read a content under a name that is not its digest.
func (l *look) readWhole(s *Source, t watch.Task, names map[repo.Digest]bool) func(repo.File) bool {
	known := l.knownRoot(s.Name)
	done := known != nil && slices.ContainsFunc(known.Checks, func(c watch.Check) bool {
		return c.Level == t.Level && c.Root == t.Generation && c.BadCount == 0 && c.Skip+c.Checked >= c.Of
	})
	held := map[repo.Digest]bool{}
	if known != nil && !known.Held.IsZero() {
		if m, err := s.Ledger.Manifest(known.Held); err == nil {
			for _, f := range m.Indexes {
				held[f.Digest] = true
			}
		}
	}
	var left atomic.Int64
	left.Store(l.client.MaxDigest)
	return func(f repo.File) bool {
		switch {
		case f.Digest.IsZero(), isDigestOf(f) && names[f.Digest]:
			return false
		case f.Size < smallIndex:
			return true
		}
		if done || held[f.Digest] {
			return false
		}
		if left.Add(-f.Size) < 0 {
			left.Add(f.Size) // others may be smaller
			return false
		}
		return true
	}
}

// namesOfIndexes are the contents of indexes, and whether they have a name of another kind
// than their digest.
func namesOfIndexes(s *Source, t watch.Task) map[repo.Digest]bool {
	names := map[repo.Digest]bool{}
	m, err := s.Ledger.Manifest(t.Generation)
	if err != nil {
		return names
	}
	for _, f := range m.Indexes {
		names[f.Digest] = names[f.Digest] || !isDigestOf(f)
	}
	return names
}

// whose finds out of which generation an index of another size is, if that can be told.
func (l *look) whose(ctx context.Context, s *Source, t watch.Task, f repo.File, bad *watch.FileSeen, a answer) (*watch.FileSeen, answer) {
	if bad == nil || bad.Fault != watch.FaultSize || a.size > maxWhole || f.Digest.IsZero() {
		return bad, a
	}
	if content, b := l.digest(ctx, s, t, f); content != nil && content.Fault.Says() {
		return content, b
	}
	return bad, a
}

// size looks at the size of a file, without its content where the site allows.
func (l *look) size(ctx context.Context, s *Source, f repo.File) (*watch.FileSeen, answer) {
	a := l.askSize(ctx, l.url(s, f.Path))
	if a.fault == watch.FaultUnreachable && !a.stopped {
		a = l.askSize(ctx, l.url(s, f.Path)) // once more: one answer may be lost
	}
	return l.judgeSize(f, a), a
}

func (l *look) judgeSize(f repo.File, a answer) *watch.FileSeen {
	switch {
	case a.stopped:
		return nil
	case a.fault != watch.FaultNone:
		return l.bad(a.fault, f, a, "", "")
	case f.Size >= 0 && a.size == f.Size, f.Size < 0 && !a.saysPage(), a.size < 0 && !a.saysPage():
		return nil
	case a.saysPage():
		return l.bad(watch.FaultMissing, f, a, "", "")
	}
	return l.bad(watch.FaultSize, f, a, inBytes(f.Size), inBytes(a.size))
}

// inBytes is a size for people and programs.
func inBytes(n int64) string { return strconv.FormatInt(n, 10) + " bytes" }

func (l *look) bad(fault watch.Fault, f repo.File, a answer, expected, seen string) *watch.FileSeen {
	detail := a.detail
	if a.fault == watch.FaultNone && fault == watch.FaultMissing {
		detail += " with a page of HTML in the place of the file"
	}
	for _, name := range []string{"Age", "X-Cache"} {
		if value := a.header.Get(name); value != "" {
			detail += "; " + name + ": " + cut(value, 100)
		}
	}
	return &watch.FileSeen{Path: f.Path, Fault: fault, Expected: expected, Seen: seen, At: l.client.Now(), Detail: detail}
}

// askSize asks for the size of a file: by HEAD, or where that is refused by its first
// byte.
func (l *look) askSize(ctx context.Context, url string) answer {
	if !l.client.noHead.Load() {
		a := l.client.ask(ctx, request{method: http.MethodHead, url: url})
		switch {
		case a.code == http.StatusMethodNotAllowed || a.code == http.StatusNotImplemented:
			l.client.noHead.Store(true)
		case a.code == http.StatusForbidden, a.fault == watch.FaultNone && a.size < 0:
		default:
			return a
		}
	}
	// A server that knows no ranges sends the whole file: one byte of it is enough.
	a := l.client.ask(ctx, request{method: http.MethodGet, url: url, header: map[string]string{"Range": "bytes=0-0"}, most: 1, cut: true})
	if a.code == http.StatusRequestedRangeNotSatisfiable && a.size == 0 {
		a.fault = watch.FaultNone // it is empty
	}
	return a
}

// digest reads a file whole and compares its content.
func (l *look) digest(ctx context.Context, s *Source, t watch.Task, f repo.File) (*watch.FileSeen, answer) {
	most := max(f.Size, 0)
	if f.Size < 0 {
		most = maxWhole
	}
	bad, a := l.digestOnce(ctx, s, t, f, most)
	if a.fault == watch.FaultUnreachable && !a.stopped {
		bad, a = l.digestOnce(ctx, s, t, f, most)
	}
	return bad, a
}

func (l *look) digestOnce(ctx context.Context, s *Source, t watch.Task, f repo.File, most int64) (*watch.FileSeen, answer) {
	// An index of another generation may be longer: its digest tells which one.
	h := f.Digest.Algorithm().New()
	a := l.client.ask(ctx, request{method: http.MethodGet, url: l.url(s, f.Path), most: 2*most + smallIndex, expected: most, hash: h})
	switch {
	case a.stopped:
		return nil, a
	case a.fault != watch.FaultNone:
		return l.bad(a.fault, f, a, "", ""), a
	}
	seen := repo.NewDigest(f.Digest.Algorithm(), h.Sum(nil))
	switch {
	case seen == f.Digest:
		return nil, a
	case a.saysPage():
		return l.bad(watch.FaultMissing, f, a, "", ""), a
	}
	bad := l.bad(watch.FaultDigest, f, a, f.Digest.String(), seen.String())
	if f.Size >= 0 && a.read != f.Size {
		bad.Fault, bad.Expected, bad.Seen = watch.FaultSize, inBytes(f.Size), inBytes(a.read)
	}
	// Not to be known whose it is makes it no better.
	bad.Matches, _ = s.Ledger.Which(f.Path, seen, t.Generation)
	return bad, a
}
