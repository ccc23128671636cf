package switching

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// parseMirmon reads mirmon.conf: a key at the beginning of a line and its value, which
// indented lines and those that begin with + or . go on with.
func parseMirmon(f File) (values map[string]setting, more []setting) {
	values = map[string]setting{}
	key, number := "", 0
	for line := range strings.Lines(string(f.Content)) {
		number++
		line = strings.ReplaceAll(strings.TrimRight(line, "\r\n \t"), "\t", " ")
		switch {
		case strings.TrimSpace(line) == "" || line[0] == '#':
		case line[0] == ' ' || line[0] == '+' || line[0] == '.':
			glue := " "
			if line[0] == '+' {
				glue = ""
			}
			s := values[key]
			values[key] = setting{s.place, s.value + glue + strings.TrimSpace(line[1:])}
		default:
			name, value, _ := strings.Cut(line, " ")
			key = name
			s := setting{place{f.Name, number}, strings.TrimSpace(value)}
			if key == "site_url" || key == "include" || key == "env" {
				more = append(more, setting{s.place, key + " " + s.value})
			}
			values[key] = s
		}
	}
	delete(values, "")
	return values, more
}

// importMirmon reads mirmon.conf and the list of mirrors that it names, in this order.
func importMirmon(in Input) (*draft, error) {
	d := newDraft(in)
	if len(in.Files) == 0 {
		return nil, d.first.fail("no file is given (expected mirmon.conf and the list of mirrors)")
	}
	values, more := parseMirmon(in.Files[0])
	if len(in.Files) < 2 {
		at := d.first
		if s, ok := values["mirror_list"]; ok {
			at = s.place
		}
		return nil, at.fail("the list of mirrors is not given: name the file, or what its program prints, behind mirmon.conf")
	}
	w := d.watch(in)
	name := d.name(strings.ToLower(values["project_name"].value))
	r := config.NewWatchedRepository(name)
	r.MaxAge = 48 * time.Hour
	key := join("watch.repositories", name)
	d.origins[key] = values["probe"].place
	if values["probe"].file == "" {
		d.origins[key] = d.first
	}
	stamp, ok := mirmonStamp(values["probe"].value)
	if !ok {
		return nil, d.origins[key].fail("the probe does not say where the timestamp is (expected such as probe wget ... %%URL%%TIME.txt)")
	}
	r.Directories, r.Stamp = []string{path.Dir(stamp)}, path.Base(stamp)
	d.mirmonTime(values, "max_sync", key+".max-age", &r.MaxAge)
	w.Period = 4 * time.Hour
	d.mirmonTime(values, "max_poll", "watch.period", &w.Period)
	w.Repositories = []config.WatchedRepository{r}
	for _, s := range more {
		d.lose(s.place, "watch", "%s", cut(s.value))
	}
	style := values["list_style"].value
	for _, f := range in.Files[1:] {
		if err := d.mirmonList(f, style == "apache", w, name); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// watch begins a configuration that watches.
func (d *draft) watch(in Input) *config.Watch {
	d.Watch = config.NewWatch()
	d.State = "/var/lib/mirrorkeeper"
	if in.Destination != "" {
		d.State = in.Destination
	}
	return d.Watch
}

var mirmonProbe = regexp.MustCompile(`%URL%/?([^\s'"]*)`)

// mirmonStamp is the path of the timestamp below the URLs of sites.
func mirmonStamp(probe string) (string, bool) {
	m := mirmonProbe.FindStringSubmatch(probe)
	if m == nil {
		return "", false
	}
	stamp := path.Clean(strings.Trim(m[1], "/"))
	return stamp, stamp != "." && stamp != ".." && !strings.HasPrefix(stamp, "../")
}

var mirmonSpan = regexp.MustCompile(`^(\d{1,6})\s*([smhd])$`)

func (d *draft) mirmonTime(values map[string]setting, name, key string, to *time.Duration) {
	s, ok := values[name]
	if !ok {
		return
	}
	m := mirmonSpan.FindStringSubmatch(s.value)
	if m == nil {
		d.lose(s.place, key, "%s %s is no time", name, cut(s.value))
		return
	}
	if span, err := config.ParseDuration(m[1] + m[2]); err == nil && span > 0 {
		*to = span
		d.origins[key] = s.place
	}
}

// mirmonList reads a list of mirrors: COUNTRY URL [ADDRESS] ..., or in the style of
// Apache's lists KIND COUNTRY URL ADDRESS.
func (d *draft) mirmonList(f File, apache bool, w *config.Watch, repository string) error {
	number := 0
	for line := range strings.Lines(string(f.Content)) {
		number++
		at := place{f.Name, number}
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if apache {
			fields = fields[1:]
		}
		if len(fields) < 2 {
			return at.fail("the line names no mirror (expected COUNTRY URL)")
		}
		s := config.NewSite("")
		s.Repositories = []string{repository}
		if s.Country = strings.ToUpper(fields[0]); !countryCode.MatchString(s.Country) {
			d.lose(at, "watch.sites", "the region %s is no country", cut(fields[0]))
			s.Country = ""
		}
		if len(fields) > 2 && strings.Contains(fields[2], "@") {
			s.Admin = strings.Trim(fields[2], "[]<>")
		}
		d.site(at, w, s, fields[1])
	}
	return nil
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

// site adds a site that is watched, where it is one of the web.
func (d *draft) site(at place, w *config.Watch, s config.Site, address string) {
	scheme, rest, _ := strings.Cut(address, "://")
	switch {
	case scheme != "http" && scheme != "https" || rest == "":
		d.lose(at, "watch.sites", "%s: sites are watched by http and https", showAddress(address))
		return
	case strings.ContainsAny(rest, "@$#?\" "):
		d.lose(at, "watch.sites", "%s: the address of a site has no user, query or variable", showAddress(address))
		return
	}
	s.URL = strings.TrimRight(address, "/")
	i := slices.IndexFunc(w.Sites, func(x config.Site) bool { return x.URL == s.URL })
	if i >= 0 {
		if missing := without(s.Repositories, w.Sites[i].Repositories); len(missing) > 0 {
			x := &w.Sites[i]
			x.Repositories = append(x.Repositories, missing...)
			if s.Whitelist != x.Whitelist || s.SlowStart != x.SlowStart || s.Period != x.Period {
				d.lose(at, item("watch.sites", i), "%s has other settings for %s: a site has one set", s.URL, strings.Join(missing, ", "))
			}
		} else {
			d.lose(at, "watch.sites", "%s stands there already", s.URL)
		}
		return
	}
	d.origins[item("watch.sites", len(w.Sites))] = at
	w.Sites = append(w.Sites, s)
}
