package plant

import (
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Names are the files of a stamp, relative to the directory that it is planted in.
type Names struct {
	Begin, Statement, Signed, Stamp, End string
}

// NamesOf returns the names of the files that are planted with a stamp. See the
// documentation of the package for why they are called so.
func NamesOf(stamp string) Names {
	return Names{
		Begin:     "!" + stamp + ".begin",
		Statement: stamp + ".json",
		Signed:    stamp + ".json.asc",
		Stamp:     stamp,
		End:       "~" + stamp + "/" + stamp + ".end",
	}
}

// all are the names in the order of writing.
func (n Names) all() []string { return []string{n.Begin, n.Statement, n.Signed, n.Stamp, n.End} }

// workspace is the directory of our own that the end mark lies in, and files that are
// being written.
func (n Names) workspace() string { return path.Dir(n.End) }

// Statement says of a planting who planted what.
type Statement struct {
	Host        string    `json:"host"` // that planted
	Sequence    int64     `json:"sequence"`
	Epoch       int64     `json:"epoch"` // what the stamps say
	Time        time.Time `json:"time"`  // the same, for people
	Stamp       string    `json:"stamp"` // name of the files
	Directories []string  `json:"directories"`
}

// maxStatement bounds the file of a statement, in bytes.
const maxStatement = 16 << 20

// ParseStatement reads the content of a statement's file, or what was signed of one.
func ParseStatement(content []byte) (s Statement, err error) {
	if len(content) > maxStatement {
		return s, fmt.Errorf("the statement is too large (at most %d bytes)", maxStatement)
	}
	if err := json.Unmarshal(content, &s); err != nil {
		return s, fmt.Errorf("it is no statement of a planting: %w", err)
	}
	return s, nil
}

// File is one file that is planted in a directory.
type File struct {
	Name    string // relative to the directory
	Content []byte
}

// Files returns what is planted in each of the statement's directories, in the order
// of writing. Without a signer there is no signed statement.
func Files(s Statement, signer repo.Signer) ([]File, error) {
	names := NamesOf(s.Stamp)
	statement, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	statement = append(statement, '\n')
	mark := Mark{s.Epoch, s.Sequence}.content()
	files := []File{{names.Begin, mark}, {names.Statement, statement}}
	if signer != nil {
		signed, err := signer.Inline(statement)
		if err != nil {
			return nil, fmt.Errorf("cannot sign the statement: %w", err)
		}
		files = append(files, File{names.Signed, signed})
	}
	return append(files, stampFile(s.Stamp, s.Epoch), File{names.End, mark}), nil
}

// stampFile is the stamp itself: its readers take all of it for a number.
func stampFile(name string, epoch int64) File {
	return File{name, fmt.Appendf(nil, "%d\n", epoch)}
}
