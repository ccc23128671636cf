package repotest

import (
	"regexp"
	"strings"
	"time"
)

// Repository is what repositories of all formats have in common, for tests that hold
// for every format.
type Repository interface {
	// AddText adds packages in the form of [ParsePackages], with fields and
	// architectures as deb has them.
	AddText(text string)
	// Remove removes every package of the name.
	Remove(name string)
	// SetDate sets the date of the generations to come.
	SetDate(date time.Time)
	// Publish makes dir hold the next generation.
	Publish(dir string)
	// Root is the path of the root file, Index a pattern of [path.Match] for that of an
	// index of packages, and File the path of the package's file.
	Root() string
	Index() string
	File(name string) string
	// Sign sets the key that signs the generations to come; nil is none.
	Sign(key *Key)
}

// NewRepository makes an empty repository of the format "deb" or "rpm", signed by the
// key.
func NewRepository(t T, format string, key *Key) Repository {
	t.Helper()
	if format == "rpm" {
		r := NewRPM(t)
		r.Key = key
		return commonRPM{r}
	}
	d := NewDeb(t)
	d.Key = key
	d.Suite("stable")
	return commonDeb{d}
}

type commonDeb struct{ *Deb }

func (d commonDeb) Remove(name string)      { d.first().Remove(name) }
func (d commonDeb) SetDate(date time.Time)  { d.first().Date = date }
func (d commonDeb) Root() string            { return d.first().dir() + "/InRelease" }
func (d commonDeb) Index() string           { return d.first().dir() + "/main/binary-amd64/Packages.gz" }
func (d commonDeb) File(name string) string { return d.first().Filename(name) }

func (d commonDeb) Sign(key *Key) {
	d.first().Unsigned = key == nil
	if key != nil {
		d.Key = key
	}
}

type commonRPM struct{ *RPM }

func (r commonRPM) SetDate(date time.Time)  { r.Date = date }
func (r commonRPM) Root() string            { return "repodata/repomd.xml" }
func (r commonRPM) Index() string           { return "repodata/*-primary.xml.gz" }
func (r commonRPM) File(name string) string { return r.Filename(name) }

func (r commonRPM) Sign(key *Key) {
	r.Unsigned = key == nil
	if key != nil {
		r.Key = key
	}
}

var (
	constraint = regexp.MustCompile(`\((<<|>>|[<>]?=) ([^)]*)\)`)
	alternates = regexp.MustCompile(`[^,\s]+(?: [<>=]+ [^,|\s]+)?(?: \| [^,|\s]+(?: [<>=]+ [^,|\s]+)?)+`)
	debWords   = strings.NewReplacer("Pre-Depends:", "Requires(pre):", "Depends:", "Requires:", " amd64", " x86_64", " all\n", " noarch\n")
)

// AddText translates deb's words: "Depends: a (>= 1) | b" is "Requires: (a >= 1 or b)".
func (r commonRPM) AddText(text string) {
	r.t.Helper()
	text = debWords.Replace(text + "\n")
	text = constraint.ReplaceAllStringFunc(text, func(c string) string {
		c = strings.Trim(c, "()")
		return strings.NewReplacer("<<", "<", ">>", ">").Replace(c)
	})
	text = alternates.ReplaceAllStringFunc(text, func(a string) string { return "(" + strings.ReplaceAll(a, " | ", " or ") + ")" })
	r.RPM.AddText(text)
}
