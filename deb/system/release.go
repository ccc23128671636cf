package system

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// release is a suite at a URI: what apt reads one Release file for, whichever
// entries speak of it.
type release struct {
	uri, suite string // the URI without a slash at its end
	place      string // of the first entry
	rules      rules
	components []component // in their order; one without a name in flat repositories
}

// rules are the options that all entries of one release must agree on, as they
// are about the release itself. Yes/no options are "yes", "no" or "".
type rules struct {
	trusted, checkValidUntil, checkDate string
	signedBy                            signedBy
}

// component is what is wanted of a component of a release.
type component struct {
	name string
	want
}

type want struct {
	binary, source bool
	architectures  []string
	languages      []string
}

// unsupportedOptions have no effect here.
var unsupportedOptions = []struct{ name, effect string }{
	{"allow-insecure", "the repository needs a valid signature, or trusted=yes"},
	{"allow-weak", "the repository needs a valid signature, or trusted=yes"},
	{"allow-downgrade-to-insecure", "the repository needs a valid signature, or trusted=yes"},
	{"inrelease-path", "the repository is read from InRelease or Release at their usual place"},
	{"snapshot", "the repository is read in its present state"},
	{"include", "all packages are seen"},
	{"exclude", "all packages are seen"},
	{"valid-until-min", "the repository is valid as long as it says"},
	{"valid-until-max", "the repository is valid as long as it says"},
	{"date-max-future", "the time that a root may be ahead is fixed"},
}

// releases are those of the entries, in their order. Entries that the machine
// does not trust are left out with a note.
func (s *System) releases(entries []entry) (all []*release, err error) {
	type key struct{ uri, suite string }
	known := map[key]*release{}
	for _, e := range entries {
		rules, err := rulesOf(e.options)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.place, err)
		}
		if rules.trusted == "no" {
			s.note("%s: the source is left out: it says that it is not trusted", e.place)
			continue
		}
		for _, o := range unsupportedOptions {
			if v := e.options[o.name]; v != "" && yesOrNo(v) != "no" {
				s.note("%s: the option %s has no effect: %s", e.place, o.name, o.effect)
			}
		}
		for _, uri := range e.uris {
			uri = strings.TrimRight(s.withArchitecture(uri), "/")
			for _, suite := range e.suites {
				if strings.HasSuffix(suite, "/") {
					suite = s.withArchitecture(suite)
				}
				r := known[key{uri, suite}]
				if r == nil {
					r = &release{uri: uri, suite: suite, place: e.place, rules: rules}
					known[key{uri, suite}] = r
					all = append(all, r)
				} else if err := r.agree(rules); err != nil {
					return nil, fmt.Errorf("%s: %w", e.place, err)
				}
				r.add(e.components, s.wantOf(e))
			}
		}
	}
	return all, nil
}

// withArchitecture replaces the one variable of sources.list(5).
func (s *System) withArchitecture(text string) string {
	return strings.ReplaceAll(text, "$(ARCH)", s.Architecture)
}

func rulesOf(o options) (r rules, err error) {
	r.trusted = yesOrNo(o["trusted"])
	r.checkValidUntil = yesOrNo(o["check-valid-until"])
	r.checkDate = yesOrNo(o["check-date"])
	r.signedBy, err = parseSignedBy(o["signed-by"])
	return r, err
}

// yesOrNo brings a yes/no option into one spelling; "" where it is not set.
func yesOrNo(value string) string {
	yes, known := truth(value)
	switch {
	case !known:
		return ""
	case yes:
		return "yes"
	}
	return "no"
}

// agree checks the options of a further entry of the release, which must be the
// same; only the keys may be named by a later one first.
func (r *release) agree(with rules) error {
	if r.rules.signedBy.isZero() {
		r.rules.signedBy = with.signedBy
	}
	for _, o := range []struct{ name, old, now string }{
		{"trusted", r.rules.trusted, with.trusted},
		{"check-valid-until", r.rules.checkValidUntil, with.checkValidUntil},
		{"check-date", r.rules.checkDate, with.checkDate},
		{"signed-by", r.rules.signedBy.String(), with.signedBy.String()},
	} {
		if o.old != o.now {
			return fmt.Errorf("option %s is %q here and %q at %s for the same source %s %s", o.name, o.now, o.old, r.place, redacted(r.uri), r.suite)
		}
	}
	return nil
}

// wantOf is what the entry asks for of each of its components.
func (s *System) wantOf(e entry) want {
	w := want{
		binary:    slices.Contains(e.types, "deb"),
		source:    slices.Contains(e.types, "deb-src"),
		languages: []string{},
	}
	if w.binary {
		w.architectures = e.options.list("architectures", append([]string{s.Architecture}, s.Foreign...))
		w.languages = e.options.list("languages", s.Languages)
		if len(w.architectures) == 0 {
			w.architectures = []string{"all"}
		}
		if i := slices.Index(w.architectures, s.Architecture); i > 0 {
			w.architectures = slices.Insert(slices.Delete(w.architectures, i, i+1), 0, s.Architecture)
		}
	}
	w.languages = slices.DeleteFunc(w.languages, func(l string) bool { return l == "none" })
	return w
}

// add adds what an entry wants to what others want of the same components.
func (r *release) add(names []string, w want) {
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		i := slices.IndexFunc(r.components, func(c component) bool { return c.name == name })
		if i < 0 {
			r.components = append(r.components, component{name, w})
			continue
		}
		r.components[i].want = r.components[i].and(w)
	}
}

// and is what either wants.
func (w want) and(other want) want {
	return want{
		binary:        w.binary || other.binary,
		source:        w.source || other.source,
		architectures: union(w.architectures, other.architectures),
		languages:     union(w.languages, other.languages),
	}
}

func union(a, b []string) []string {
	result := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(result, v) {
			result = append(result, v)
		}
	}
	return result
}

// group is suites of one URI of which the same is wanted.
type group struct {
	uri, place string
	rules      rules
	want
	components []string
	suites     []string
}

// grouped joins the suites of each URI of which the same is wanted by the same
// rules, so that they make one source, in the order of the first of each.
func grouped(releases []*release) (groups []*group) {
	for _, r := range releases {
		for _, g := range r.groups() {
			if i := slices.IndexFunc(groups, g.alike); i >= 0 {
				groups[i].suites = append(groups[i].suites, r.suite)
				continue
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// alike reports whether two groups differ in their suites only.
func (g *group) alike(other *group) bool {
	return g.uri == other.uri &&
		slices.Equal(g.components, other.components) &&
		reflect.DeepEqual(g.rules, other.rules) &&
		reflect.DeepEqual(g.want, other.want)
}

// groups parts a release by what is wanted of its components: mostly one group.
func (r *release) groups() (groups []*group) {
	for _, c := range r.components {
		i := slices.IndexFunc(groups, func(g *group) bool { return reflect.DeepEqual(g.want, c.want) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{uri: r.uri, place: r.place, rules: r.rules, want: c.want, suites: []string{r.suite}})
		}
		if c.name != "" {
			groups[i].components = append(groups[i].components, c.name)
		}
	}
	return groups
}
