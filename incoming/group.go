package incoming

import (
	"fmt"
	"maps"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// list is a list of the files of an upload, as it was read.
type list struct {
	files    []repo.File // with size and digest
	signed   []Signature
	unsigned string // why nobody has signed it
	problem  string // why it cannot be read
	changed  bool   // it has changed since the look, and nothing is known of it
}

// useless reports whether it is of no use to wait for the files.
func (l *list) useless() bool { return l.unsigned != "" || l.problem != "" }

// upload is a number of files that come together.
type upload struct {
	name    string
	list    *list            // nil for a package alone
	files   map[string]state // of the directory, with the list itself
	staged  []string         // paths of the copies of its packages
	outcome Outcome
}

// group makes uploads of the files that are there: of each list, when all of its files
// are there in their sizes and have settled, and of each package that comes alone. What
// is not complete waits.
func group(now, settled look, lists map[string]*list, alone func(name string) bool) (uploads []*upload, waiting []Outcome) {
	listed := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		l := lists[name]
		if _, quiet := settled[name]; !quiet || l.changed {
			waiting = append(waiting, unsettled(name))
			continue
		}
		u := &upload{name: name, list: l, files: map[string]state{name: settled[name]}}
		var reasons []string
		for _, f := range l.files {
			listed[f.Path] = true
			s, there := now[f.Path]
			_, quiet := settled[f.Path]
			switch {
			case there && quiet && (s.size >= f.Size || l.useless()):
				u.files[f.Path] = s // one that is too large stays so
			case there && s.size < f.Size:
				reasons = append(reasons, fmt.Sprintf("%s has %d of %d bytes", f.Path, s.size, f.Size))
			case there:
				reasons = append(reasons, f.Path+" may still be written to")
			default:
				reasons = append(reasons, f.Path+" is not there")
			}
		}
		if len(reasons) > 0 && !l.useless() {
			waiting = append(waiting, Outcome{Name: name, State: Waiting, Reasons: reasons, Signers: names(l.signed)})
			continue
		}
		uploads = append(uploads, u)
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if listed[name] || !alone(name) {
			continue
		}
		if s, quiet := settled[name]; quiet {
			uploads = append(uploads, &upload{name: name, files: map[string]state{name: s}})
		} else {
			waiting = append(waiting, unsettled(name))
		}
	}
	return uploads, waiting
}

func unsettled(name string) Outcome {
	return Outcome{Name: name, State: Waiting, Reasons: []string{name + " may still be written to"}}
}

func names(signatures []Signature) (all []string) {
	for _, s := range signatures {
		if !slices.Contains(all, s.Signer) {
			all = append(all, s.Signer)
		}
	}
	return all
}
