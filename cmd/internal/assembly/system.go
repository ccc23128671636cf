package assembly

import (
	"errors"
	"net/url"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	debsystem "github.com/mirrorkeeper/mirrorkeeper/deb/system"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	rpmsystem "github.com/mirrorkeeper/mirrorkeeper/rpm/system"
)

// systemSources are the sources that this machine's package manager uses, with the
// foreign architectures that it accepts.
func (b *Builder) systemSources(s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	apt, dnf, err := b.readSystem(s.Type)
	switch {
	case err != nil:
		return nil, nil, err
	case apt != nil:
		b.warn(apt.Notes)
		sources, foreign, err = b.debSources(apt, s, m)
	default:
		b.warn(dnf.Notes)
		sources, err = b.rpmSources(dnf, s, m)
	}
	if err == nil && len(sources) == 0 {
		err = errNoSystemSources
	}
	return sources, foreign, err
}

var errNoSystemSources = errors.New("this machine's package manager has no sources that can be mirrored")

// readSystem reads the sources of apt, or those of dnf, yum and zypper: of the type,
// or by default of the one that has any.
func (b *Builder) readSystem(format string) (apt *debsystem.System, dnf *rpmsystem.System, err error) {
	var aptErr, dnfErr error
	if format != "rpm" {
		apt, aptErr = debsystem.Read(b.root())
	}
	if format != "deb" {
		dnf, dnfErr = rpmsystem.Read(b.root())
	}
	hasApt := aptErr == nil && apt != nil && len(apt.Sources) > 0
	hasDNF := dnfErr == nil && dnf != nil && len(dnf.Sources) > 0
	switch {
	case hasApt && hasDNF:
		return nil, nil, &console.Exit{
			Code: console.ExitUsage, Err: errors.New("this machine has sources for apt, and sources for dnf or zypper"),
			Hint: "say which with --type deb or --type rpm, or in a configuration file with type beside from: system",
		}
	case hasApt:
		return apt, nil, nil
	case hasDNF:
		return nil, dnf, nil
	}
	if err := errors.Join(aptErr, dnfErr); err != nil {
		return nil, nil, err
	}
	return nil, nil, errNoSystemSources
}

func (b *Builder) warn(notes []string) {
	for _, note := range notes {
		b.Log.Warn(note)
	}
}

// systemPath places a source of the machine by host and path, as its URL has them, or
// by host and name.
func systemPath(raw, name string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "system"
	}
	if name == "" {
		name = u.Path
	}
	return strings.Trim(path.Join("/", u.Host, name), "/")
}
