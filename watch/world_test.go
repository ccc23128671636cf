package watch

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"

	"pgregory.net/rapid"
)

// world is a source, sites that copy it, and a watcher that looks at all of them, in
// virtual time. What happens is put into events; every request takes some time, in which
// events happen.
type world struct {
	t      rapid.TB
	random *rand.Rand
	now    time.Time
	events []event

	source     *site
	published  int // counts publications, for content
	manifests  map[repo.Digest]*manifest
	repository Repository
	known      SourceKnown
	verdict    Verdict
	settings   Settings
	budget     Budget
	watched    []*site // instants of truth are noted for these
}

type event struct {
	at time.Time
	do func()
}

// blob is the content of a file: what a HEAD request sees of it, and all of it.
type blob struct{ size, content int }

// manifest is one generation's, by path.
type manifest struct {
	root              repo.Digest
	indexes, packages map[string]blob
	validUntil        time.Time
}

// tree is what a server holds.
type tree struct {
	root  repo.Digest // zero for none
	files map[string]blob
	stamp time.Time
	begin int64
	end   int64
}

func (t *tree) clone() *tree {
	c := *t
	c.files = maps.Clone(t.files)
	return &c
}

// site is a server with endpoints, and what the watcher knows of it.
type site struct {
	Site
	tree      *tree
	endpoints []*endpoint
	verdict   Verdict
	// truths are the states that the tree was in since the look began.
	truths map[State]bool
}

type endpoint struct {
	Endpoint
	known Known
	// serve is the tree that answers the next look; nil for the site's own.
	serve func() *tree
	// down is why nothing answers, rootFault what the root's request meets, fileFault what
	// a file's request meets.
	down      Fault
	rootFault Fault
	fileFault func(path string) Fault
	stamp     func(time.Time) time.Time
}

const rootName = "debian/bookworm"

func digest(n int) repo.Digest {
	var sum [32]byte
	binary.BigEndian.PutUint64(sum[:], uint64(n)*0x9e3779b97f4a7c15+1)
	return repo.NewDigest(repo.SHA256, sum[:])
}

var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// newWorld is a source with two generations of so many packages, which the watcher has
// looked at.
func newWorld(t rapid.TB, seed uint64, packages int) *world {
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), now: start, manifests: map[repo.Digest]*manifest{}}
	w.repository = Repository{Name: "debian", Roots: []Root{{Name: rootName, Type: "deb"}}}
	w.known.Ledgers = []Ledger{{Name: rootName}}
	w.source = w.site("https://source.example.org/debian", Endpoint{Scheme: "https"})
	w.source.tree = &tree{files: map[string]blob{}}
	for i := range packages {
		w.source.tree.files[fmt.Sprintf("pool/%s/p%04d.deb", []string{"amd64", "arm64"}[i%2], i)] = blob{100 + i, 0}
	}
	w.publish(0, 0)
	w.lookAtSource()
	w.pass(time.Hour)
	w.publish(3, 2)
	w.lookAtSource()
	return w
}

// site makes one that holds what the source holds.
func (w *world) site(url string, endpoints ...Endpoint) *site {
	s := &site{Site: Site{URL: url, Repositories: []string{"debian"}}, truths: map[State]bool{}}
	if w.source != nil {
		s.tree = w.source.tree.clone()
	}
	for _, e := range endpoints {
		s.endpoints = append(s.endpoints, &endpoint{Endpoint: e})
	}
	return s
}

// at puts an event into the future.
func (w *world) at(in time.Duration, do func()) {
	w.events = append(w.events, event{w.now.Add(in), do})
	slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
}

// pass lets time pass, with what happens in it.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for len(w.events) > 0 && !w.events[0].at.After(end) {
		e := w.events[0]
		w.events = w.events[1:]
		w.now = later(w.now, e.at)
		e.do()
		w.note()
	}
	w.now = end
	w.note()
}

// note notes the truth of this instant.
func (w *world) note() {
	for _, s := range w.watched {
		s.truths[w.truth(s)] = true
		l := w.known.ledger(rootName)
		if at := l.Find(s.tree.root); at >= 0 && at < l.completeAt(w.now) {
			s.truths[Behind] = true // be it complete or not
		}
	}
}

// truth is the state that a site's own tree is in, as one sees who looks at all of it.
func (w *world) truth(s *site) State {
	m := w.manifests[s.tree.root]
	l := w.known.ledger(rootName)
	switch at := l.Find(s.tree.root); {
	case m == nil:
		return Foreign
	case len(w.wrong(s, s.tree, m)) > 0:
		return HalfSynced
	case at < 0:
		return Ahead
	case at < l.completeAt(w.now):
		return Behind
	}
	return InSync
}

// wrong lists what is not as the manifest says, in the site's scope.
func (w *world) wrong(s *site, t *tree, m *manifest) (paths []string) {
	for _, part := range []map[string]blob{m.indexes, m.packages} {
		for p, b := range part {
			if held, ok := t.files[p]; (!ok || held != b) && s.holds(p) {
				paths = append(paths, p)
			}
		}
	}
	return paths
}

// holds reports whether a path is in the site's scope.
func (s *site) holds(path string) bool { return s.Scope.Holds(part(path)) }

func part(path string) Part {
	for _, a := range []string{"amd64", "arm64"} {
		if strings.Contains(path, "/"+a+"/") {
			return Part{Component: "main", Architecture: a}
		}
	}
	return Part{}
}

// publish makes the next generation at the source: so many packages come, so many go.
func (w *world) publish(add, remove int) *manifest {
	w.published++
	t := w.source.tree
	pool := w.pool(t)
	for range min(remove, len(pool)-4) {
		i := w.random.IntN(len(pool))
		delete(t.files, pool[i])
		pool = slices.Delete(pool, i, i+1)
	}
	for i := range add {
		t.files[fmt.Sprintf("pool/%s/n%04d-%d.deb", []string{"amd64", "arm64"}[i%2], w.published, i)] = blob{50 + i, w.published}
	}
	for p := range t.files {
		if strings.HasPrefix(p, "dists/") {
			delete(t.files, p)
		}
	}
	m := &manifest{root: digest(w.published), indexes: map[string]blob{}, packages: map[string]blob{}}
	for _, a := range []string{"amd64", "arm64"} {
		m.indexes["dists/main/"+a+"/Packages.xz"] = blob{1000 + w.published, w.published} // one path, new content
		m.indexes[fmt.Sprintf("dists/main/%s/by-hash/%d", a, w.published)] = blob{1000 + w.published, w.published}
	}
	maps.Copy(t.files, m.indexes)
	for _, p := range w.pool(t) {
		m.packages[p] = t.files[p]
	}
	t.root = m.root
	w.manifests[m.root] = m
	return m
}

func (w *world) pool(t *tree) (paths []string) {
	for _, p := range slices.Sorted(maps.Keys(t.files)) {
		if strings.HasPrefix(p, "pool/") {
			paths = append(paths, p)
		}
	}
	return paths
}

// order says in which order rsync copies.
type order string

const (
	twoStages order = "packages, indexes, root, deletions"
	rootFirst order = "root, indexes, packages, deletions"
	anyOrder  order = "any"
)

// sync starts a run of rsync at the site, which takes so long: the list of files is made
// now, each is copied as it is when its time comes.
func (w *world) sync(s *site, o order, takes time.Duration) {
	paths := maps.Clone(s.tree.files)
	maps.Copy(paths, w.source.tree.files)
	names := append(slices.Sorted(maps.Keys(paths)), "root")
	names = slices.DeleteFunc(names, func(p string) bool {
		a, b := s.tree.files[p], w.source.tree.files[p]
		return p != "root" && (a == b || !s.holds(p))
	})
	w.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	place := func(p string) int {
		_, there := w.source.tree.files[p]
		stage := 0
		switch {
		case p == "root":
			stage = 3
		case strings.HasPrefix(p, "dists/") && there:
			stage = 2
		case there:
			stage = 1
		}
		switch {
		case o == anyOrder:
			return 0
		case stage == 0:
			return 9
		case o == rootFirst:
			return -stage
		}
		return stage
	}
	slices.SortStableFunc(names, func(a, b string) int { return place(a) - place(b) })
	for i, p := range names {
		w.at(takes*time.Duration(i+1)/time.Duration(len(names)), func() {
			if p == "root" {
				s.tree.root, s.tree.stamp = w.source.tree.root, w.source.tree.stamp
				return
			}
			if b, ok := w.source.tree.files[p]; ok {
				s.tree.files[p] = b
			} else {
				delete(s.tree.files, p)
			}
		})
	}
}

// request takes some time.
func (w *world) request() { w.pass(time.Duration(5+w.random.IntN(40)) * time.Millisecond) }

// probe carries out tasks, as a probe does.
func (w *world) probe(s *site, e *endpoint, tasks []Task) Observation {
	o := Observation{Site: s.URL, Repository: "debian", Endpoint: e.Endpoint, At: w.now}
	w.request()
	if e.down != FaultNone {
		o.Fault, o.Detail = e.down, "no route to host"
		return o
	}
	t := func() *tree { return s.tree }
	if e.serve != nil {
		mine := e.serve() // one connection, one server
		t = func() *tree { return mine }
	}
	var seen RootSeen
	for _, task := range tasks {
		o.Requests++
		switch task.Level {
		case LevelStamp:
			w.request()
			o.Stamps = append(o.Stamps, w.probeStamp(t(), e))
		case LevelRoot:
			w.request()
			seen.Name, seen.At = task.Root, w.now
			switch d := t().root; {
			case e.rootFault != FaultNone:
				seen.Fault = e.rootFault
			case d.IsZero():
				seen.Fault = FaultMissing
			case d == task.Generation:
				seen.NotModified = true
			default:
				seen.Digest = d
			}
		default:
			seen.Name = task.Root
			c := w.check(s, e, t, task)
			o.Bytes += int64(c.Checked) * bytesPerHead
			seen.Checks = append(seen.Checks, c)
			if c.BadCount > 0 && t().root != task.Generation {
				seen.Moved = true
			}
		}
	}
	if seen.Name != "" {
		o.Roots = append(o.Roots, seen)
	}
	o.Took = w.now.Sub(o.At)
	return o
}

func (w *world) probeStamp(t *tree, e *endpoint) StampSeen {
	seen := StampSeen{Directory: "pub", Stamp: t.stamp, Begin: t.begin, End: t.end}
	if e.stamp != nil {
		seen.Stamp = e.stamp(t.stamp)
	}
	if seen.Stamp.IsZero() {
		seen.Fault = FaultMissing
	}
	return seen
}

// files are those of a task, in its order.
func (w *world) files(s *site, task Task) (paths []string, expected map[string]blob) {
	m := w.manifests[task.Generation]
	expected = maps.Clone(m.packages)
	maps.Copy(expected, m.indexes)
	from := m.packages
	switch task.Level {
	case LevelIndexes:
		from = m.indexes
	case LevelDelta, LevelRemoved:
		from = maps.Clone(m.packages)
		for p, b := range w.manifests[task.Against].packages {
			if from[p] == b {
				delete(from, p)
			}
		}
	case LevelSweep:
		from = expected
	case LevelAgain:
		from = map[string]blob{}
		for _, p := range task.Paths {
			if b, ok := expected[p]; ok {
				from[p] = b
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(from)) {
		if s.holds(p) && p > task.After {
			paths = append(paths, p)
		}
	}
	if task.Level == LevelSample || task.Level == LevelBytes {
		rand.New(rand.NewPCG(task.Seed, 2)).Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	}
	return paths, expected
}

func (w *world) check(s *site, e *endpoint, t func() *tree, task Task) Check {
	c := Check{Level: task.Level, Root: task.Generation, Against: task.Against, At: w.now, Skip: task.Skip, Seed: task.Seed, After: task.After}
	paths, expected := w.files(s, task)
	c.Of = len(paths)
	paths = paths[min(task.Skip, len(paths)):]
	if task.Limit > 0 && task.Limit < len(paths) {
		paths = paths[:task.Limit]
		if task.Level == LevelSweep {
			c.Last = paths[len(paths)-1]
		}
	}
	if task.Level == LevelAgain {
		for _, p := range task.Paths {
			if _, named := expected[p]; !named || !s.holds(p) {
				c.Right = append(c.Right, p)
			}
		}
	}
	parts := map[Part]*PartSeen{}
	for _, p := range paths {
		w.request()
		c.Checked++
		count := parts[part(p)]
		if count == nil {
			count = &PartSeen{Part: part(p)}
			parts[part(p)] = count
		}
		count.Checked++
		f := w.look(e, t(), task.Level, p, expected[p])
		switch {
		case f.Fault == FaultNone && task.Level == LevelAgain:
			c.Right = append(c.Right, p)
		case f.Fault == FaultNone:
		default:
			if f.Fault == FaultMissing {
				count.Missing++
			}
			c.BadCount++
			if !f.Fault.Says() {
				c.Unanswered++
			}
			if len(c.Bad) < 20 {
				c.Bad = append(c.Bad, f)
			}
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(parts), func(a, b Part) int { return strings.Compare(a.Architecture, b.Architecture) }) {
		c.Parts = append(c.Parts, *parts[p])
	}
	return c
}

// look looks at one file: at its content on some levels, else at its size.
func (w *world) look(e *endpoint, t *tree, l Level, p string, want blob) FileSeen {
	f := FileSeen{Path: p, Expected: fmt.Sprintf("%d bytes", want.size), At: w.now, Part: part(p)}
	if e.fileFault != nil {
		if f.Fault = e.fileFault(p); f.Fault != FaultNone {
			return f
		}
	}
	held, there := t.files[p]
	content := l == LevelIndexes || l == LevelBytes || l == LevelAgain
	switch {
	case !there:
		f.Fault, f.Seen = FaultMissing, "404 Not Found"
	case held.size != want.size:
		f.Fault, f.Seen = FaultSize, fmt.Sprintf("%d bytes", held.size)
	case content && held != want:
		f.Fault = FaultDigest
	}
	if f.Fault == FaultSize || f.Fault == FaultDigest {
		for root, m := range w.manifests {
			if b, ok := m.indexes[p]; ok && b == held {
				f.Matches = root
			}
		}
	}
	return f
}

// learn is a whole look at an endpoint.
func (w *world) learn(s *site, e *endpoint) {
	o := w.probe(s, e, First(e.known, s.Site, w.repository, w.random))
	e.known = Learn(e.known, o, w.settings)
	if tasks := Next(e.known, s.Site, w.known, w.repository, w.budget, w.now, w.random); len(tasks) > 0 {
		e.known = Learn(e.known, w.probe(s, e, tasks), w.settings)
	}
}

// lookAtSource looks at the source, as at a site, and takes down its generations.
func (w *world) lookAtSource() {
	for _, e := range w.source.endpoints {
		o := w.probe(w.source, e, First(e.known, w.source.Site, w.repository, w.random))
		e.known = Learn(e.known, o, w.settings)
		l := &w.known.Ledgers[0]
		if d := w.source.tree.root; len(o.Roots) > 0 && o.Roots[0].Fault == FaultNone && l.newest().Root != d {
			l.Generations = append(l.Generations, Generation{Root: d, Published: w.now, ValidUntil: w.manifests[d].validUntil})
		}
		tasks := Next(e.known, w.source.Site, w.known, w.repository, w.budget, w.now, w.random)
		e.known = Learn(e.known, w.probe(w.source, e, tasks), w.settings)
	}
	w.known, w.verdict = JudgeSource(w.repository, w.source.Site, w.known, w.source.knownAll(), w.verdict, w.settings, w.now)
}

func (s *site) knownAll() (all []Known) {
	for _, e := range s.endpoints {
		all = append(all, e.known)
	}
	return all
}

// lookAt looks at all endpoints of a site and judges it. When it is ahead, the source is
// read again.
func (w *world) lookAt(s *site) Verdict {
	s.truths = map[State]bool{}
	w.watched = []*site{s}
	w.note()
	for _, e := range s.endpoints {
		w.learn(s, e)
	}
	w.judge(s)
	if s.verdict.State == Ahead {
		w.lookAtSource()
		for _, e := range s.endpoints {
			w.learn(s, e)
		}
		w.judge(s)
	}
	w.watched = nil
	return s.verdict
}

func (w *world) judge(s *site) {
	s.verdict = Judge(w.repository, s.Site, w.known, s.knownAll(), s.verdict, Blindness{}, w.settings, w.now)
}

// round is a period: the source is looked at, and the site.
func (w *world) round(s *site) Verdict {
	w.pass(80*time.Second + time.Duration(w.random.IntN(20000))*time.Millisecond)
	w.lookAtSource()
	return w.lookAt(s)
}
