package mirrorlist

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ErrNoMirror is the cause where a list is well formed and names no mirror that
// can be used.
var ErrNoMirror = errors.New("names no mirror that can be used")

// List is a list of mirrors of one repository.
type List struct {
	// URLs of the directory that paths of the repository are relative to, preferred
	// first, without a slash at the end. Their schemes are http, https and file.
	URLs []string
	// Roots are what the root file may be, newest first, each with its strongest
	// digest, and a size of -1 where the list does not say it. There is none where
	// the list says nothing of the root.
	Roots []repo.Content
	// Date is when the newest root was made; zero if unsaid.
	Date time.Time
}

// The bounds of a list: what the largest ones in use have, many times over.
const (
	maxContent = 4 << 20 // bytes
	maxMirrors = 10_000
	maxDepth   = 32 // of XML elements
)

// Parse reads a list of either form. The name is the list's own, for errors;
// rootPath is the path of the root file in the repository
// ("repodata/repomd.xml"), which the URLs of a metalink end in.
//
// Mirrors that cannot be used (rsync, ftp, addresses with a query) are left out,
// and so are repetitions. A list without a mirror is an error, [ErrNoMirror].
func Parse(content []byte, name, rootPath string) (*List, error) {
	list, err := parse(content, rootPath)
	if err != nil {
		return nil, fmt.Errorf("mirror list %s: %w", name, err)
	}
	return list, nil
}

func parse(content []byte, rootPath string) (*List, error) {
	if len(content) > maxContent {
		return nil, fmt.Errorf("is larger than %d bytes", maxContent)
	}
	content = bytes.TrimLeft(bytes.TrimPrefix(content, []byte("\uFEFF")), " \t\r\n")
	if len(content) > 0 && content[0] == '<' {
		return parseMetalink(content, rootPath)
	}
	return parsePlain(string(content))
}

// add adds a mirror, unless it is there already or cannot be used.
func (l *List) add(address string) error {
	u, err := url.Parse(strings.ReplaceAll(strings.TrimRight(address, "/"), " ", "%20"))
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return nil
		}
	case "file":
		if u.Path == "" || u.Host != "" && u.Host != "localhost" {
			return nil
		}
		u.Host = ""
	default:
		return nil
	}
	if clean := u.String(); !slices.Contains(l.URLs, clean) {
		if len(l.URLs) == maxMirrors {
			return fmt.Errorf("names more than %d mirrors", maxMirrors)
		}
		l.URLs = append(l.URLs, clean)
	}
	return nil
}

// excerpt is the beginning of a text, for messages.
func excerpt(text string) string {
	const most = 100
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
