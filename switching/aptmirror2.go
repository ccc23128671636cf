package switching

import (
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// mirrorList2 is how apt-mirror2 reads mirror.list.
var mirrorList2 = dialect{suites: true, options: map[string]bool{
	"mirror_path": true, "gpg_verify": true, "ignore_errors": true, "http2-disable": true, "mirror_dist_upgrader": true,
	"include_source_name": true, "exclude_source_name": true, "include_binary_packages": true, "exclude_binary_packages": true,
	"include_sections": true, "exclude_sections": true, "include_tags": true, "exclude_tags": true,
}}

// importAptMirror2 reads mirror.list, and the files in mirror.list.d behind it.
func importAptMirror2(in Input) (*draft, error) {
	d, l, err := readMirrorList(in, mirrorList2)
	if err != nil {
		return nil, err
	}
	for _, o := range l.options {
		if o.name != "mirror_path" || len(o.values) == 0 {
			continue
		}
		for i := range l.lines {
			if hostPath(l.lines[i].uri) == hostPath(o.uri) {
				l.lines[i].path = strings.Trim(o.values[0], "/")
			}
		}
	}
	archives, err := l.mirrors(d, in)
	if err != nil {
		return nil, err
	}
	if rate := l.variables["limit_rate"]; rate.value != "" {
		d.rate(rate, 1)
	}
	verify := map[string]bool{}
	for _, a := range archives {
		verify[hostPath(a.lines[0].uri)] = l.on("gpg_verify") || l.variables["gpg_verify"].value == "force"
	}
	for _, o := range l.options {
		if o.name == "gpg_verify" && len(o.values) > 0 {
			verify[hostPath(o.uri)] = o.values[0] == "on" || o.values[0] == "force" || o.values[0] == "enable"
		}
	}
	for _, a := range archives {
		key := join("sources", a.name)
		if verify[hostPath(a.lines[0].uri)] && len(a.source.Keys) == 0 && len(in.Keys) == 0 {
			d.keysOf(a, "gpg_verify took all keys of "+listTrusted(l)+": name the one of this archive")
			continue
		}
		d.trust(key, in, "gpg_verify was off: keys: [FILE] in the place of trusted checks signatures")
	}
	for _, o := range l.options {
		l.option(d, archives, o)
	}
	return d, nil
}

func listTrusted(l *mirrorList) string {
	if dir := l.get("etc_trusted_parts"); dir != "" {
		return dir
	}
	return "/etc/apt/trusted.gpg.d"
}

// keysOf asks for a key that is not known: a run fails until its file is there.
func (d *draft) keysOf(a *debArchive, what string) {
	for i := range d.Sources {
		if d.Sources[i].Name == a.name {
			d.Sources[i].Keys = []string{"/etc/apt/keyrings/" + a.name + ".gpg"}
			d.lose(a.place, join("sources", a.name)+".keys", "%s", what)
		}
	}
}

// option carries over an option of an archive.
func (l *mirrorList) option(d *draft, archives []*debArchive, o listOption) {
	var m *config.Mirror
	var a *debArchive
	for i := range archives {
		for _, line := range archives[i].lines {
			if hostPath(line.uri) == hostPath(o.uri) {
				a = archives[i]
			}
		}
	}
	if a == nil {
		d.lose(o.place, "", "%s is for %s, of which no suite is mirrored", o.name, showAddress(o.uri))
		return
	}
	for i := range d.Mirrors {
		if d.Mirrors[i].Name == a.name {
			m = &d.Mirrors[i]
		}
	}
	key := join("mirrors", a.name)
	switch o.name {
	case "include_binary_packages":
		d.selects(m, o.place)
		m.Versions.All = true
		for _, name := range o.values {
			if seed, err := config.ParseSeed(name); err == nil {
				m.Packages = append(m.Packages, seed)
			} else {
				d.lose(o.place, key+".packages", "%v", err)
			}
		}
		d.note(key+".packages", "what they need comes with them")
	case "exclude_binary_packages":
		for _, name := range o.values {
			d.excludes(m, o.place, config.Exclusion{Name: name})
		}
	case "exclude_source_name":
		for _, name := range o.values {
			d.excludes(m, o.place, config.Exclusion{Source: name})
		}
	case "exclude_sections":
		for _, name := range o.values {
			d.excludes(m, o.place, config.Exclusion{Section: name})
		}
	case "include_source_name", "include_sections", "include_tags", "exclude_tags", "mirror_dist_upgrader", "ignore_errors":
		what := map[string]string{
			"include_source_name": "packages are not selected by their source packages: name them in packages",
			"include_sections":    "packages are not selected by section: name them in packages, or leave other sections out with exclude",
			"include_tags":        "packages are not selected by tags", "exclude_tags": "packages are not left out by tags",
			"mirror_dist_upgrader": "files of the upgrader of distributions are not mirrored; include: [other] takes all files that the root lists",
			"ignore_errors":        "files that upstream lacks are not passed over one by one",
		}[o.name]
		d.lose(o.place, key, "%s %s: %s", o.name, cut(strings.Join(o.values, " ")), what)
	}
}

// everything selects all packages, where the mirror is full: of a partial one, packages
// may be left out.
func (d *draft) everything(m *config.Mirror, at place) {
	if len(m.Packages) == 0 && len(m.Groups) == 0 {
		d.selects(m, at)
		m.Packages = []config.Seed{{Pattern: "*"}}
		m.Versions.All = true
	}
}

// selects makes the mirror a partial one.
func (d *draft) selects(m *config.Mirror, at place) {
	key := join("mirrors", m.Name)
	d.origins[key+".packages"] = at
	if len(m.Packages) == 1 && m.Packages[0].Pattern == "*" {
		m.Packages = nil
	}
	d.note(key, "it does not hold all packages: so its metadata is written and signed here, and clients need key.asc of the mirror")
	d.fullOnly(m, at)
}

// fullOnly turns what the sources of the mirror take into what a partial mirror has words
// for.
func (d *draft) fullOnly(m *config.Mirror, at place) {
	for i := range d.Sources {
		s := &d.Sources[i]
		if len(m.From) != 1 || s.Name != m.From[0] {
			continue
		}
		for _, kind := range s.Include {
			switch kind {
			case "sources":
				m.Sources = true
			case "packages", "release":
			default:
				d.lose(at, join("sources", s.Name), "%s are not held where packages are left out", kind)
			}
		}
		s.Include = nil
	}
}

// excludes leaves packages out.
func (d *draft) excludes(m *config.Mirror, at place, x config.Exclusion) {
	d.everything(m, at)
	m.Exclude = append(m.Exclude, x)
	d.origins[join("mirrors", m.Name)+".exclude"] = at
}
