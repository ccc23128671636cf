package main

import (
	"errors"
	"net/url"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	debsystem "github.com/mirrorkeeper/mirrorkeeper/deb/system"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// systemSources are the sources that this machine's package manager uses, with the
// foreign architectures that it accepts.
func (b *builder) systemSources(s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	sys, err := debsystem.Read(b.root)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range sys.Notes {
		b.log.Warn(note)
	}
	sources, foreign, err = b.debSources(sys, s, m)
	if err == nil && len(sources) == 0 {
		err = errors.New("this machine's apt configuration has no sources that can be mirrored")
	}
	return sources, foreign, err
}

// systemPath places a source of the machine by host and path, as its URL has them.
func systemPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "system"
	}
	return strings.Trim(u.Host+"/"+strings.Trim(u.Path, "/"), "/")
}
