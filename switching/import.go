package switching

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
)

// File is a file of another program, as it was read.
type File struct {
	Name    string // stands in errors and comments
	Content []byte
}

// Input is what an import is made of.
type Input struct {
	Files []File
	// Arguments of the old program's command line, for those that have their settings
	// there.
	Arguments []string
	// Destination that mirrors are published in; "" for where the old program had them.
	Destination string
	// Architecture of this machine in Debian's words, which old programs take where their
	// files name none.
	Architecture string
	// Keys are files of OpenPGP keys that sign the repositories, for old files that name
	// none.
	Keys []string
	// Releasever are the values of $releasever in files of dnf.
	Releasever []string
	// Variables are the values of further variables in files of dnf, with commas between.
	Variables map[string]string
}

// Import is what the files of another program say, as a configuration.
type Import struct {
	// Config has texts as they stand in a file, see [config.Text].
	Config *config.Config
	// Comments explain, by the keys of the configuration that they are for.
	Comments map[string][]string
	// Lost is what could not be carried over.
	Lost []Lost
	// Adopt are directories in which the old program has its packages.
	Adopt []string
}

// Lost is something that an old file says and that could not be carried over.
type Lost struct {
	File string
	Line int
	What string
}

// String is "FILE:LINE: WHAT".
func (l Lost) String() string { return fmt.Sprintf("%s:%d: %s", l.File, l.Line, l.What) }

// Text is the configuration as a file.
func (i *Import) Text() ([]byte, error) { return config.Text(i.Config, i.Comments) }

// importers read the files of the programs that there are.
var importers = map[string]func(Input) (*draft, error){
	"apt-mirror":    importAptMirror,
	"apt-mirror2":   importAptMirror2,
	"aptly":         importAptly,
	"debmirror":     importDebmirror,
	"mirmon":        importMirmon,
	"mirrorchecker": importMirrorchecker,
	"mirrormanager": importMirrorManager,
	"reposync":      importReposync,
	"rmt":           importRMT,
}

// Kinds are the names of the programs whose files [Read] reads.
func Kinds() []string { return slices.Sorted(maps.Keys(importers)) }

// Read turns the files of a program into a configuration. Errors name file and line. The
// configuration is one that package config reads, apart from variables of the
// environment, which comments name.
func Read(kind string, in Input) (*Import, error) {
	read := importers[kind]
	if read == nil {
		return nil, fmt.Errorf("there is no kind %q (expected one of %s)", kind, strings.Join(Kinds(), ", "))
	}
	for _, f := range in.Files {
		if len(f.Content) > maxFile {
			return nil, fmt.Errorf("%s:1: the file is larger than %d bytes", f.Name, maxFile)
		}
	}
	d, err := read(in)
	if err != nil {
		return nil, err
	}
	return d.finish()
}
