package e2e_test

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// solving is a set of repositories whose packages have no files, and the client that
// judges which of them can be installed on an empty machine.
type solving struct {
	t       *testing.T
	sources string           // of the configuration
	size    map[string]int64 // of each package, by its key
	// key is what the client calls a package of a plan.
	key func(planned) string
	// client makes a machine that knows the packages which hold says; nil says all.
	client func(hold map[string]bool) installer
	// unsolvable are those of the packages of these names for which another complete
	// solver finds no solution.
	unsolvable func(names []string) map[string]bool
}

// installer says what the client would install for each wish, which is one or more
// packages separated by spaces. It leaves out wishes that the client refuses.
type installer func(wishes []string) map[string][]string

// prove wants for the seeds, all of which one mirror is made for, that
//
//   - each that the client installs from the whole repositories installs from the mirror,
//   - the mirror is hardly larger than what the client itself picks for them,
//   - each that the program reports as impossible is so,
//   - each other one that the client refuses is reported, with a command that installs it.
func (s *solving) prove(seeds []string) {
	s.t.Helper()
	theirs := s.client(nil)(seeds)
	s.t.Logf("the client installs %d of %d seeds", len(theirs), len(seeds))
	s.provesSize(theirs)
	plan := s.plan(seeds)
	installs := s.client(s.held(plan))
	got := installs(seeds)
	for _, seed := range seeds {
		if theirs[seed] != nil && got[seed] == nil {
			s.t.Errorf("%s installs from the whole repositories but not from the mirror", seed)
		}
	}
	s.provesRefusals(slices.DeleteFunc(slices.Clone(seeds), func(seed string) bool { return theirs[seed] != nil }), plan, installs, got)
}

// mostBytes is how many times the bytes of what the client picks a mirror may have.
const mostBytes = 1.01

// provesSize compares the mirror of the seeds that the client installs with the union
// of what it picks.
func (s *solving) provesSize(theirs map[string][]string) {
	s.t.Helper()
	seeds := slices.Sorted(maps.Keys(theirs))
	ours := s.plan(seeds)
	if problems := ours.problems(seeds...); len(problems) > 0 {
		s.t.Errorf("the client installs each of these seeds, but reported is %q", problems)
	}
	union := map[string]bool{}
	for _, picks := range theirs {
		for _, key := range picks {
			union[key] = true
		}
	}
	held := s.held(ours)
	a, b := s.bytes(held), s.bytes(union)
	s.t.Logf("the mirror has %d packages with %d bytes, the client picks %d with %d: %.4f times the bytes", len(held), a, len(union), b, float64(a)/float64(b))
	s.t.Logf("only in the mirror: %s", s.onlyIn(held, union))
	s.t.Logf("only picked by the client: %s", s.onlyIn(union, held))
	if float64(a) > mostBytes*float64(b) {
		s.t.Errorf("the mirror has %d bytes, more than %.2f times the %d of what the client picks", a, mostBytes, b)
	}
}

// provesRefusals looks at seeds that the client does not install from the whole
// repositories.
func (s *solving) provesRefusals(seeds []string, plan *solvingPlan, installs installer, got map[string][]string) {
	s.t.Helper()
	unsolvable := s.unsolvable(seeds)
	reported := map[string]refusal{}
	for _, r := range plan.Refused {
		reported[r.Seed] = r
	}
	for _, seed := range seeds {
		problems := s.plan([]string{seed}).problems(seed)
		r, told := reported[seed]
		switch {
		case unsolvable[seed] != (len(problems) > 0):
			s.t.Errorf("%s: has a solution: %v; reported is %q", seed, !unsolvable[seed], problems)
		case len(problems) > 0 || got[seed] != nil:
		case !told:
			s.t.Errorf("%s: the client refuses it, but that is not reported", seed)
		default:
			_, named, _ := strings.Cut(r.Command, " install ")
			if installs([]string{named})[named] == nil {
				s.t.Errorf("%s: the client refuses %q, too, which is said to help", seed, r.Command)
			}
		}
	}
}

// solvingPlan is one mirror of a plan.
type solvingPlan struct {
	Packages   []planned
	Unresolved []unresolved
	Refused    []refusal
	Warnings   []string
}

// refusal is a seed that the client does not find the way to by itself, and the command
// by which it does.
type refusal struct{ Seed, Reason, Command string }

// problems are what keeps a seed from being installed.
func (p *solvingPlan) problems(seeds ...string) (texts []string) {
	for _, x := range p.Unresolved {
		texts = append(texts, x.WantedBy+" requires "+x.Requirement+": "+x.Reason)
	}
	for _, warning := range p.Warnings {
		seed, _, ok := strings.Cut(warning, ": ")
		if ok && slices.Contains(seeds, seed) && !slices.ContainsFunc(p.Refused, func(r refusal) bool { return r.Seed == seed }) {
			texts = append(texts, warning)
		}
	}
	return texts
}

// plan asks the program what a mirror of the seeds would hold.
func (s *solving) plan(seeds []string) *solvingPlan {
	s.t.Helper()
	k := newKeeper(s.t, "sources:\n"+s.sources+"mirrors:\n  part:\n    from: ["+sourceNames(s.sources)+"]\n    packages: ['"+strings.Join(seeds, "', '")+"']\n")
	r := k.run("plan", "--output", "json")
	if r.code != done && r.code != findings {
		s.t.Fatalf("mirrorkeeper plan: exit code %d\n%s", r.code, r.stderr)
	}
	p := decode[struct{ Mirrors []solvingPlan }](r)
	if len(p.Mirrors) != 1 {
		s.t.Fatalf("the plan has %d mirrors", len(p.Mirrors))
	}
	return &p.Mirrors[0]
}

// held are the keys of the packages of a plan.
func (s *solving) held(p *solvingPlan) map[string]bool {
	keys := map[string]bool{}
	for _, x := range p.Packages {
		keys[s.key(x)] = true
	}
	return keys
}

func (s *solving) bytes(keys map[string]bool) (sum int64) {
	s.t.Helper()
	for key := range keys {
		size, ok := s.size[key]
		if !ok {
			s.t.Errorf("%s is no package of the repositories", key)
		}
		sum += size
	}
	return sum
}

// onlyIn are some packages of a that b does not have.
func (s *solving) onlyIn(a, b map[string]bool) string {
	var keys []string
	for key := range a {
		if !b[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) > 50 {
		keys = append(keys[:50], "...")
	}
	return strings.Join(keys, ", ")
}

// sample draws n of the names, the same ones each time.
func sample(names []string, n int) []string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	rand.New(rand.NewPCG(3, 0)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return slices.Sorted(slices.Values(names[:min(n, len(names))]))
}

// inParallel calls a function for each of the keys, as many at a time as there are
// processors.
func inParallel[K comparable, V any](keys []K, of func(K) V) map[K]V {
	var mutex sync.Mutex
	var group sync.WaitGroup
	values := map[K]V{}
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, key := range keys {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			v := of(key)
			mutex.Lock()
			defer mutex.Unlock()
			values[key] = v
		})
	}
	group.Wait()
	return values
}
