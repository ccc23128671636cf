package switching

import (
	"net/url"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// rmtPublic is where RMT has its mirrors.
const rmtPublic = "/var/lib/rmt/public/repo"

// importRMT reads repos.json, as rmt-cli export settings writes it, and the lists of
// repositories that rmt-cli export data writes.
func importRMT(in Input) (*draft, error) {
	d := newDraft(in)
	d.Destination, d.adopt = rmtPublic, []string{rmtPublic}
	if in.Destination != "" {
		d.Destination = in.Destination
	}
	if err := d.each(in, d.rmtRepository); err != nil {
		return nil, err
	}
	if len(d.Mirrors) == 0 {
		return nil, d.first.fail("there is no repository (expected objects with url, as rmt-cli export settings writes them)")
	}
	return d, nil
}

func (d *draft) rmtRepository(o object, in Input) error {
	text := o.text("url")
	if text == "" {
		return o.fail("the repository has no url: rmt-cli export settings of RMT 2 writes them")
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return o.fail("%q is no address of http or https", showAddress(text))
	}
	path := strings.TrimPrefix(hostPath("x://x"+u.EscapedPath()), "x/")
	if path == "x" {
		path = ""
	}
	if o.value("enabled") != nil && !o.on("enabled") || o.value("mirroring_enabled") != nil && !o.on("mirroring_enabled") {
		d.note("", "%s was not mirrored (%s:%d)", hostPath(u.Host+"/"+path), o.file, o.line)
		return nil
	}
	title := o.text("name")
	if title == "" {
		title = strings.ReplaceAll(path, "/", "-")
	}
	name := d.name(title)
	key := join("sources", name)
	s := config.NewSource(name)
	s.Type, s.Architectures = "rpm", []string{rpmArchitecture(in.Architecture)}
	for part := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' }) {
		switch part {
		case "x86_64", "aarch64", "ppc64le", "s390x", "i586", "i686":
			s.Architectures = []string{part}
		}
	}
	if u.RawQuery != "" || o.text("auth_token") != "" {
		d.lose(o.place, key+".url", "the token of the address: an address of ours has none; have a proxy that adds it, or mirror from a server that wants none")
		u.RawQuery = ""
	}
	address, err := d.address(o.at("url"), key+".url", name, u.String())
	if err != nil {
		return err
	}
	s.URLs = []string{strings.TrimRight(address, "/")}
	if s.Keys = in.Keys; len(s.Keys) == 0 {
		s.Keys = []string{"/etc/pki/rpm-gpg/" + name + ".asc"}
		d.lose(o.place, key+".keys", "RMT took the key that lies beside the repository, which proves nothing: name the file of one that you trust")
	}
	d.addSource(o.place, s)
	m := config.NewMirror(name)
	m.From = []string{name}
	if path != "" {
		m.Path = path
	}
	d.addMirror(o.place, m)
	return nil
}
