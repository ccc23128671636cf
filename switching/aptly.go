package switching

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// importAptly reads what aptly mirror list -json, or show -json, prints.
func importAptly(in Input) (*draft, error) {
	d := newDraft(in)
	d.Destination = "/srv/mirror"
	if in.Destination != "" {
		d.Destination = in.Destination
	}
	if err := d.each(in, d.aptlyMirror); err != nil {
		return nil, err
	}
	if len(d.Mirrors) == 0 {
		return nil, d.first.fail("there is no mirror (expected what aptly mirror list -json prints)")
	}
	d.note("", "aptly has the packages in pool below its rootDir: sync --adopt ~/.aptly/pool takes them")
	return d, nil
}

func (d *draft) aptlyMirror(o object, in Input) error {
	name := o.text("Name")
	if name == "" || o.text("ArchiveRoot") == "" {
		return o.fail("the object is no mirror (expected Name and ArchiveRoot)")
	}
	name = d.name(name)
	key := join("sources", name)
	s := config.NewSource(name)
	s.Type = "deb"
	address, err := d.address(o.at("ArchiveRoot"), key+".url", name, o.text("ArchiveRoot"))
	if err != nil {
		return err
	}
	s.URLs = []string{strings.TrimRight(address, "/")}
	s.Suites, s.Components = []string{o.text("Distribution")}, o.texts("Components")
	if strings.HasSuffix(s.Suites[0], "/") {
		s.Components = nil
	}
	s.Architectures = without(o.texts("Architectures"), []string{"all", "source"})
	for option, kind := range map[string]string{"DownloadSources": "sources", "DownloadUdebs": "udebs", "DownloadInstaller": "installer"} {
		if o.on(option) {
			s.Include = append(s.Include, kind)
		}
	}
	if len(s.Include) > 0 {
		slices.Sort(s.Include)
		s.Include = append([]string{"packages"}, s.Include...)
	}
	if s.Keys = in.Keys; len(s.Keys) == 0 {
		s.Keys = []string{"/etc/apt/keyrings/" + name + ".gpg"}
		d.lose(o.place, key+".keys", "aptly checked signatures with the keys in ~/.gnupg/trustedkeys.gpg: name the file of the archive's key")
	}
	d.addSource(o.place, s)
	m := config.NewMirror(name)
	m.From = []string{name}
	d.addMirror(o.place, m)
	if filter := o.text("Filter"); filter != "" {
		d.aptlyFilter(&d.Mirrors[len(d.Mirrors)-1], o.at("Filter"), filter, o.on("FilterWithDeps"))
	}
	return nil
}

// aptlyFilter makes a selection of a query, where it is packages one beside the other, of
// which some are left out.
func (d *draft) aptlyFilter(m *config.Mirror, at place, text string, deps bool) {
	key := join("mirrors", m.Name)
	query, err := parseQuery(text)
	if err != nil {
		d.lose(at, key, "the filter %s: %v; all packages are mirrored", cut(text), err)
		return
	}
	var positive *queryNode
	var negative []*queryNode
	for _, part := range query.conjuncts() {
		switch {
		case part.kind == queryNot:
			negative = append(negative, part.left.disjuncts()...)
		case positive == nil:
			positive = part
		default:
			positive = &queryNode{kind: queryAnd} // two conditions for one package
		}
	}
	var seeds []config.Seed
	var groups []string
	var exclusions []config.Exclusion
	ok := true
	if positive != nil {
		for _, q := range positive.disjuncts() {
			seed, group := q.seed()
			switch {
			case group != "":
				groups = with(groups, group)
			case seed != nil:
				seeds = append(seeds, *seed)
			default:
				ok = false
			}
		}
	}
	for _, q := range negative {
		x := q.exclusion()
		ok = ok && x != nil
		if x != nil {
			exclusions = append(exclusions, *x)
		}
	}
	if !ok {
		d.lose(at, key, "the filter %s: it is more than packages by name, version and priority, without some; all packages are mirrored", cut(text))
		return
	}
	if len(seeds)+len(groups) > 0 {
		d.selects(m, at)
		m.Packages, m.Groups = seeds, groups
		if !deps {
			d.note(key+".packages", "what they need comes with them")
		}
		m.Recommends = false
	}
	m.Versions.All = true
	for _, x := range exclusions {
		d.excludes(m, at, x)
	}
}
