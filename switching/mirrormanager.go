package switching

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// listedMirror is a site of a list of MirrorManager's.
type listedMirror struct {
	place
	url, country string
}

// importMirrorManager reads lists of mirrors as MirrorManager serves them: mirrorlist, an
// address a line below "# repo = NAME arch = ARCH", and metalink.
func importMirrorManager(in Input) (*draft, error) {
	d := newDraft(in)
	w := d.watch(in)
	for _, f := range in.Files {
		title, architecture, mirrors, err := parseMirrorManager(f)
		if err != nil {
			return nil, err
		}
		if len(mirrors) == 0 {
			return nil, place{f.Name, 1}.fail("the list has no mirrors (expected a mirrorlist or a metalink)")
		}
		if title == "" {
			title = "repository"
		}
		if architecture == "" {
			architecture = rpmArchitecture(in.Architecture)
		}
		name := d.name(title)
		key := join("sources", name)
		s := config.NewSource(name)
		s.Type, s.Architectures = "rpm", []string{architecture}
		s.URLs = []string{plain(mirrors[0].url)}
		if s.Keys = in.Keys; len(s.Keys) == 0 {
			s.Trusted = true
			d.note(key+".trusted", "the list names no key: keys: [FILE] in the place of trusted checks signatures")
		}
		d.lose(mirrors[0].place, key+".url", "lists do not say which site is the source: put its address in the place of the first mirror's")
		d.addSource(mirrors[0].place, s)
		d.origins[join("watch.repositories", name)] = mirrors[0].place
		r := config.NewWatchedRepository(name)
		r.Source = name
		w.Repositories = append(w.Repositories, r)
		for _, m := range mirrors {
			country := strings.ToUpper(m.country)
			if !countryCode.MatchString(country) {
				country = ""
			}
			site := config.NewSite("")
			site.Repositories, site.Country = []string{name}, country
			d.site(m.place, w, site, m.url)
		}
	}
	if len(in.Files) == 0 {
		return nil, d.first.fail("no file is given (expected a mirrorlist or a metalink)")
	}
	return d, nil
}

var listTitle = regexp.MustCompile(`repo = (\S+) arch = (\S+)`)

func parseMirrorManager(f File) (title, architecture string, mirrors []listedMirror, err error) {
	if bytes.HasPrefix(bytes.TrimSpace(f.Content), []byte("<")) {
		mirrors, err = parseMetalink(f)
		return "", "", mirrors, err
	}
	number := 0
	for line := range strings.Lines(string(f.Content)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line[0] == '#':
			if m := listTitle.FindStringSubmatch(line); m != nil && architectureName.MatchString(m[2]) {
				title, architecture = m[1], m[2]
			}
		case strings.Contains(line, "://") && !strings.ContainsAny(line, " \t<>"):
			mirrors = append(mirrors, listedMirror{place{f.Name, number}, line, ""})
		default:
			return "", "", nil, place{f.Name, number}.fail("%q is no address of a mirror", cut(line))
		}
	}
	return title, architecture, ofTheWeb(mirrors), nil
}

// parseMetalink reads the addresses of a metalink of repomd.xml.
func parseMetalink(f File) (mirrors []listedMirror, err error) {
	x := xml.NewDecoder(bytes.NewReader(f.Content))
	isMetalink := false
	for {
		line, _ := x.InputPos()
		token, err := x.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, place{f.Name, max(1, line)}.fail("not valid XML: %s", strings.ReplaceAll(err.Error(), "\n", " "))
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		isMetalink = isMetalink || start.Name.Local == "metalink"
		if !isMetalink {
			return nil, place{f.Name, max(1, line)}.fail("the file is no metalink: it begins with <%s>; pages of lists are not read", cut(start.Name.Local))
		}
		if start.Name.Local != "url" {
			continue
		}
		var u struct {
			Location string `xml:"location,attr"`
			URL      string `xml:",chardata"`
		}
		if err := x.DecodeElement(&u, &start); err != nil {
			return nil, place{f.Name, max(1, line)}.fail("not valid XML: %s", strings.ReplaceAll(err.Error(), "\n", " "))
		}
		address := strings.TrimSuffix(strings.TrimSpace(u.URL), "/repodata/repomd.xml")
		mirrors = append(mirrors, listedMirror{place{f.Name, max(1, line)}, address, u.Location})
	}
	return ofTheWeb(mirrors), nil
}

// ofTheWeb are the mirrors that are reached by http or https.
func ofTheWeb(mirrors []listedMirror) (out []listedMirror) {
	for _, m := range mirrors {
		if strings.HasPrefix(m.url, "http://") || strings.HasPrefix(m.url, "https://") {
			m.url = strings.TrimRight(m.url, "/")
			out = append(out, m)
		}
	}
	return out
}
