package system

import "strings"

// choice is a yes/no setting that may be left open.
type choice uint8

const (
	open choice = iota
	yes
	no
)

// choiceOf reads a yes/no value as zypper does: anything unknown leaves it open.
func choiceOf(value string) choice {
	switch strings.ToLower(value) {
	case "1", "yes", "true", "on", "+", "always":
		return yes
	case "0", "no", "false", "off", "-", "never":
		return no
	}
	return open
}

// checks are zypper's settings for signatures, of a repository or of zypp.conf.
type checks struct{ all, metadata, packages choice }

func checksOf(o *options) checks {
	return checks{choiceOf(o.text("gpgcheck")), choiceOf(o.text("repo_gpgcheck")), choiceOf(o.text("pkg_gpgcheck"))}
}

// over decides, for a repository's settings over those of zypp.conf, which
// signatures zypper insists on: with gpgcheck, which is the default, those of the
// metadata; where these are not checked, those of the packages; each unless it is
// set apart (zypp.conf, RepoInfo.cc of libzypp).
func (c checks) over(main checks) (metadata, packages bool) {
	if c.all == open && c.metadata == open {
		c.metadata = main.metadata
	}
	if c.all == open && c.packages == open {
		c.packages = main.packages
	}
	if c.all == open {
		c.all = main.all
	}
	metadata = c.metadata == yes || c.metadata == open && c.all != no
	packages = c.packages == yes || c.packages == open && c.all != no && !metadata
	return metadata, packages
}
