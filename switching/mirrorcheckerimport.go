package switching

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// importMirrorchecker reads mirrors.yaml, and the lists of mirrors behind it.
func importMirrorchecker(in Input) (*draft, error) {
	d := newDraft(in)
	if len(in.Files) == 0 {
		return nil, d.first.fail("no file is given (expected mirrors.yaml, and mirrors.txt behind it)")
	}
	old, err := parseMirrorchecker(in.Files[0], func(name string) ([]byte, error) {
		for _, f := range in.Files[1:] {
			if path.Base(f.Name) == filepath.Base(name) {
				return f.Content, nil
			}
		}
		return nil, fmt.Errorf("%s is not given: name it behind %s", filepath.Base(name), in.Files[0].Name)
	})
	if err != nil {
		return nil, placedErrors(d.first, err)
	}
	w := d.watch(in)
	w.Listen = net.JoinHostPort(old.Host, strconv.Itoa(old.Port))
	d.origins["watch.listen"] = d.first
	for _, b := range old.Backends {
		d.mirrorcheckerBackend(w, b)
	}
	for _, note := range old.Notes {
		if m := notePlace.FindStringSubmatch(note); m != nil {
			line, _ := strconv.Atoi(m[2])
			d.lose(place{m[1], max(1, line)}, "", "%s", m[3])
		}
	}
	d.note("", "the old paths are served by mirrorkeeper watch --config %s; with this file the API's are", in.Files[0].Name)
	return d, nil
}

var notePlace = regexp.MustCompile(`^(.*?):(\d+): (.*)$`)

// placedErrors gives each line of an error a place, where it has none.
func placedErrors(at place, err error) error {
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !notePlace.MatchString(line) {
			line = at.fail("%s", line).Error()
		}
		all = append(all, errors.New(line))
	}
	return errors.Join(all...)
}

func (d *draft) mirrorcheckerBackend(w *config.Watch, b MirrorcheckerBackend) {
	name := d.name(b.Name)
	key := join("watch.repositories", name)
	d.origins[key] = d.first
	r := config.NewWatchedRepository(name)
	r.Directories, r.Stamp, r.MaxAge = with(nil, b.Directories...), b.Stamp, b.YumThreshold
	for i, dir := range r.Directories {
		r.Directories[i] = path.Clean(strings.Trim(dir, "/"))
	}
	if b.Newest {
		r.Age = "newest"
	} else {
		d.note(key, "a site's age is that of the oldest of its directories; it was that of the newest: age: newest")
	}
	w.Repositories = append(w.Repositories, r)
	if b.SSH.Hostname != "" {
		w.Plant = append(w.Plant, d.mirrorcheckerPlant(name, b, item("watch.plant", len(w.Plant))))
	}
	for _, m := range b.Mirrors {
		s := config.NewSite("")
		s.Repositories, s.SlowStart, s.Whitelist = []string{name}, m.SlowStart, m.Whitelist
		if m.Interval != w.Period {
			s.Period = m.Interval
		}
		d.site(d.first, w, s, m.URL)
	}
	if b.YumRequest != "" {
		d.lose(d.first, key, "yum_request %s: the list for yum is at another path", cut(b.YumRequest))
	}
}

// mirrorcheckerPlant is where timestamps are planted.
func (d *draft) mirrorcheckerPlant(name string, b MirrorcheckerBackend, key string) config.Plant {
	d.origins[key] = d.first
	u := url.URL{Scheme: "sftp", Host: b.SSH.Hostname, Path: path.Join("/", b.RemotePath)}
	if b.SSH.Port != 22 {
		u.Host = net.JoinHostPort(b.SSH.Hostname, strconv.Itoa(b.SSH.Port))
	}
	if b.SSH.Username != "" {
		u.User = url.User(b.SSH.Username)
	}
	p := config.Plant{To: plain(u.String()), Repository: name, Every: b.StampInterval, Identity: b.SSH.KeyFiles, Timeout: b.SSH.Timeout}
	if b.SSH.Password != "" {
		p.Password = config.Secret(d.secret(d.first, "watch.plant", "the password for "+b.SSH.Hostname, name+"_PASSWORD"))
	}
	if b.SSH.Passphrase != "" {
		p.Passphrase = config.Secret(d.secret(d.first, "watch.plant", "the passphrase of the key for "+b.SSH.Hostname, name+"_PASSPHRASE"))
	}
	p.ProxyCommand = strings.Fields(b.SSH.ProxyCommand)
	if strings.ContainsAny(b.SSH.ProxyCommand, `'"\$|;&<>`) {
		d.lose(d.first, "watch.plant", "proxy_cmd: the program is run without a shell")
	}
	return p
}

// item is the key of an item of a list, as package config writes it.
func item(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }
