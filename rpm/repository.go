package rpm

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Kinds are the kinds of packages that a source's Include may name.
func Kinds() []string { return []string{packagesKind, sourcesKind} }

// Repositories returns one repository for each combination of the values of the
// variables in the source's addresses: $releasever, with its parts
// $releasever_major and $releasever_minor, the source's own Variables, and $basearch
// and $arch, which are those of the machines that its architectures are for. The
// Name is these values, "9/x86_64", and so is the Dir; both are "" where there is
// only one repository.
//
// With the source's Root, paths are relative to that directory, and the
// repository's own directory begins them.
func (Format) Repositories(s *repo.Source) ([]*repo.Repository, error) {
	all, err := repositories(s)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", s.Name, err)
	}
	return all, nil
}

func repositories(s *repo.Source) ([]*repo.Repository, error) {
	for _, kind := range s.Include {
		if !slices.Contains(Kinds(), kind) {
			return nil, fmt.Errorf("kind %q is unknown; there are %s", kind, strings.Join(Kinds(), ", "))
		}
	}
	a, err := parseAddresses(s)
	if err != nil {
		return nil, err
	}
	all, names := []*repo.Repository{}, map[string]bool{}
	for _, c := range combinations(dimensions(s, a)) {
		r, err := a.repository(s, c)
		if err != nil {
			return nil, err
		}
		if names[r.Name] {
			return nil, fmt.Errorf("%q is there twice", r.Name)
		}
		names[r.Name] = true
		all = append(all, r)
	}
	if len(all) == 1 {
		all[0].Name, all[0].Dir = "", ""
	}
	return all, nil
}

// addresses are a source's, before variables are replaced.
type addresses struct {
	urls []template
	list template // of a mirrorlist or a metalink; nil without
}

func parseAddresses(s *repo.Source) (a addresses, err error) {
	list := s.Mirrorlist
	switch {
	case list != "" && s.Metalink != "":
		return a, errors.New("it has a mirrorlist and a metalink, where only one is used")
	case list == "":
		list = s.Metalink
	}
	if list == "" && len(s.URLs) == 0 {
		return a, errors.New("it has no URL, mirrorlist or metalink")
	}
	if list != "" {
		if a.list, err = parseTemplate(list); err != nil {
			return a, err
		}
	}
	for _, u := range s.URLs {
		t, err := parseTemplate(u)
		if err != nil {
			return a, err
		}
		a.urls = append(a.urls, t)
	}
	return a, nil
}

// variables are the names of those that stand in the addresses.
func (a addresses) variables() map[string]bool {
	used := map[string]bool{}
	note := func(name string) { used[name] = true }
	a.list.variables(note)
	for _, t := range a.urls {
		t.variables(note)
	}
	return used
}

// choice is a value that a source is expanded with.
type choice struct {
	label  string
	values map[string]string // of the variables that it decides
}

// dimensions are the values of the variables that the addresses use: the release,
// the source's own by name, and the machine.
func dimensions(s *repo.Source, a addresses) (all [][]choice) {
	used := a.variables()
	own := func(name string) bool { return used[name] && len(s.Variables[name]) > 0 }
	var release, machine []choice
	for _, v := range s.Releasever {
		major, minor, _ := strings.Cut(v, ".")
		release = append(release, choice{v, map[string]string{"releasever": v, "releasever_major": major, "releasever_minor": minor}})
	}
	for _, m := range (Format{}).Machines(s.Architectures) {
		b := BaseArchitecture(m.Native)
		if !slices.ContainsFunc(machine, func(c choice) bool { return c.label == b }) {
			machine = append(machine, choice{b, map[string]string{"basearch": b, "arch": m.Native}})
		}
	}
	add := func(choices []choice, variables ...string) {
		for _, c := range choices {
			maps.DeleteFunc(c.values, func(name, _ string) bool { return own(name) })
		}
		if len(choices) > 0 && slices.ContainsFunc(variables, func(name string) bool { return used[name] && !own(name) }) {
			all = append(all, choices)
		}
	}
	add(release, "releasever", "releasever_major", "releasever_minor")
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		if own(name) {
			var choices []choice
			for _, v := range s.Variables[name] {
				choices = append(choices, choice{v, map[string]string{name: v}})
			}
			all = append(all, choices)
		}
	}
	add(machine, "basearch", "arch")
	return all
}

// combinations are all ways to take one choice of each dimension, the last dimension
// changing first.
func combinations(all [][]choice) (out []choice) {
	out = []choice{{}}
	for _, choices := range all {
		var next []choice
		for _, before := range out {
			for _, c := range choices {
				values := maps.Clone(c.values)
				maps.Copy(values, before.values)
				next = append(next, choice{path.Join(before.label, c.label), values})
			}
		}
		out = next
	}
	return out
}

// repository makes the repository of one combination.
func (a addresses) repository(s *repo.Source, c choice) (*repo.Repository, error) {
	r := &repo.Repository{Source: s, Name: c.label, Dir: c.label}
	if c.label != "" {
		if clean, err := repo.CleanPath(c.label); err != nil || clean != c.label {
			return nil, fmt.Errorf("the values %q of its variables are no name of a directory", c.label)
		}
	}
	var err error
	if r.List, err = expandAddress(a.list, c); err != nil {
		return nil, err
	}
	var urls []string
	for _, t := range a.urls {
		u, err := expandAddress(t, c)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(u, "?#") {
			return nil, fmt.Errorf("address %q has a query, which only a mirrorlist or a metalink can have", u)
		}
		urls = append(urls, strings.TrimRight(u, "/"))
	}
	dir := ""
	if urls, dir, err = cutRoot(urls, s.Root); err != nil {
		return nil, err
	}
	if r.List == "" {
		r.URLs = urls
	}
	r.IndexDir = path.Join(dir, indexDir)
	return r, nil
}

func expandAddress(t template, c choice) (string, error) {
	address, err := t.expand(c.values)
	if errors.Is(err, errNoValue) {
		err = fmt.Errorf("%w; name the source's architectures, releasever, or variables", err)
	}
	return address, err
}

// indexDir is the directory of the root and its indexes in a repository.
const indexDir = "repodata"

// cutRoot cuts as many directories off the URLs as root leads upwards, "..", and
// returns them: the repository's directory below its root.
func cutRoot(urls []string, root string) (cut []string, dir string, err error) {
	up := 0
	for _, element := range strings.Split(path.Clean(root), "/") {
		switch element {
		case ".":
		case "..":
			up++
		default:
			return nil, "", fmt.Errorf("root %q does not lead upwards from the repository, as \"..\" does", root)
		}
	}
	if up == 0 {
		return urls, "", nil
	}
	if len(urls) == 0 {
		return nil, "", fmt.Errorf("root %q needs the source's url beside its list: it names the directories of the repository", root)
	}
	for i, u := range urls {
		base, below, err := cutURL(u, up)
		if err != nil {
			return nil, "", err
		}
		if i > 0 && below != dir {
			return nil, "", fmt.Errorf("with root %q the URLs must end alike, but one ends in %q, another in %q", root, dir, below)
		}
		cut, dir = append(cut, base), below
	}
	return cut, dir, nil
}

// cutURL cuts the last directories off a URL.
func cutURL(address string, up int) (base, dir string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", fmt.Errorf("address %q is no URL", address)
	}
	elements := strings.Split(strings.TrimLeft(u.EscapedPath(), "/"), "/")
	if len(elements) < up || elements[0] == "" {
		return "", "", fmt.Errorf("root leads %d directories upwards, which the address %q does not have", up, address)
	}
	tail := strings.Join(elements[len(elements)-up:], "/")
	if dir, err = url.PathUnescape(tail); err == nil {
		dir, err = repo.CleanPath(dir)
	}
	if err != nil {
		return "", "", fmt.Errorf("address %q: %w", address, err)
	}
	return strings.TrimRight(strings.TrimSuffix(address, tail), "/"), dir, nil
}

// baseDir is the repository's own directory below what its paths are relative to,
// "" where it is that itself.
func baseDir(r *repo.Repository) string {
	return strings.TrimSuffix(strings.TrimSuffix(r.IndexDir, indexDir), "/")
}

// The paths of a root and of what lies beside it, relative to the repository.
const (
	rootName       = indexDir + "/repomd.xml"
	signatureName  = rootName + ".asc"
	keyName        = rootName + ".key"
	extraFilesName = "extra_files.json"
)

// treeinfoNames are the names of a description of installer images.
var treeinfoNames = []string{".treeinfo", "treeinfo"}

// RootForms is one form: repomd.xml with its signature, which sources that are
// trusted need not have.
func (Format) RootForms(r *repo.Repository) []repo.RootForm {
	in := func(name string) string { return path.Join(baseDir(r), name) }
	form := repo.RootForm{Main: in(rootName), Signature: in(signatureName), Beside: []string{in(keyName)}}
	for _, name := range treeinfoNames {
		form.Beside = append(form.Beside, in(name))
	}
	form.Beside = append(form.Beside, in(extraFilesName))
	return []repo.RootForm{form}
}
