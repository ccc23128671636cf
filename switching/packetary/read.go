package packetary

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a file, in bytes.
const maxFile = 64 << 20

// Repository is an entry of a list of repositories.
type Repository struct {
	Name, URI string
	// Suite and Sections are of deb; without sections it is a flat repository.
	Suite    string
	Sections []string
	// Priority is nil where the file says null, or nothing: for deb the higher wins, and
	// it is 500, for rpm the lower wins, and it is 99.
	Priority *int
	// Path is where the repository is put, below the destination or absolute; "" is the
	// path of the URI.
	Path string

	file string
	line int
}

func (r Repository) fail(format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", r.file, r.line, fmt.Sprintf(format, args...))
}

// Requirements say which packages are wanted.
type Requirements struct {
	// Packages are wanted with all that they need.
	Packages []Package
	// Repositories are wanted with all of their packages, but for some.
	Repositories []Selection
	// Mandatory is exact or newest where the packages that every system has are wanted
	// too, in the version of their repository, or in that or a newer one; else "".
	Mandatory string
}

// Package is a package by its name, in one version or several: ">= 1", "= 2".
type Package struct {
	Name     string
	Versions []string
}

// Selection is the packages of a repository without those that one of Excludes matches.
type Selection struct {
	Repository string
	Excludes   []Filter
}

// Filter matches packages of which all fields match: the texts are equal, or between
// slashes stands a regular expression that matches from the beginning.
type Filter map[string]string

// ParseRepositories reads a list of repositories. Errors name file and line.
func ParseRepositories(name string, content []byte, format string) (all []Repository, err error) {
	r := reader{file: name}
	root, err := r.document(content)
	if err != nil {
		return nil, err
	}
	if root.Kind != yaml.SequenceNode || len(root.Content) == 0 {
		return nil, r.fail(root, "expected a list of repositories")
	}
	names := map[string]bool{}
	for _, n := range root.Content {
		x, err := r.repository(n, format)
		if err != nil {
			return nil, err
		}
		if names[x.Name] {
			return nil, r.fail(n, "the name %q is there twice", cut(x.Name))
		}
		names[x.Name] = true
		all = append(all, x)
	}
	return all, nil
}

// ParseRepository reads a file of one repository.
func ParseRepository(name string, content []byte, format string) (Repository, error) {
	r := reader{file: name}
	root, err := r.document(content)
	if err != nil {
		return Repository{}, err
	}
	return r.repository(root, format)
}

func (r reader) repository(n *yaml.Node, format string) (x Repository, err error) {
	x.file, x.line = r.file, max(1, n.Line)
	err = r.mapping(n, func(key string, n *yaml.Node) (err error) {
		switch key {
		case "name":
			x.Name, err = r.text(n)
		case "uri":
			x.URI, err = r.text(n)
		case "suite":
			x.Suite, err = r.text(n)
		case "section":
			x.Sections, err = r.texts(n)
		case "path":
			x.Path, err = r.text(n)
		case "priority":
			x.Priority, err = r.number(n)
		case "type", "origin":
			// Of newer files, and without effect.
		default:
			err = r.fail(n, "%q is no key of a repository (expected name, uri, suite, section, priority or path)", cut(key))
		}
		return err
	})
	switch {
	case err != nil:
		return x, err
	case x.Name == "":
		return x, r.fail(n, "the repository has no name")
	case x.URI == "":
		return x, r.fail(n, "the repository %s has no uri", cut(x.Name))
	case format == "deb" && x.Suite == "":
		return x, r.fail(n, "the repository %s has no suite", cut(x.Name))
	case format == "rpm" && (x.Suite != "" || len(x.Sections) > 0):
		return x, r.fail(n, "the repository %s has a suite or sections, which are of deb", cut(x.Name))
	}
	return x, nil
}

// ParseRequirements reads what is wanted. Errors name file and line.
func ParseRequirements(name string, content []byte) (*Requirements, error) {
	r := reader{file: name}
	root, err := r.document(content)
	if err != nil {
		return nil, err
	}
	q := &Requirements{}
	err = r.mapping(root, func(key string, n *yaml.Node) error {
		switch key {
		case "packages":
			return r.list(n, func(n *yaml.Node) error {
				p, err := r.wanted(n)
				q.Packages = append(q.Packages, p)
				return err
			})
		case "repositories":
			return r.list(n, func(n *yaml.Node) error {
				s, err := r.selection(n)
				q.Repositories = append(q.Repositories, s)
				return err
			})
		case "mandatory":
			switch n.Value {
			case "exact", "newest":
				q.Mandatory = n.Value
			case "true", "True":
				q.Mandatory = "newest"
			case "false", "False", "", "null", "~":
			default:
				return r.fail(n, "mandatory is %q (expected exact or newest)", cut(n.Value))
			}
			return nil
		}
		return r.fail(n, "%q is no key of requirements (expected packages, repositories or mandatory)", cut(key))
	})
	if err == nil && len(q.Packages)+len(q.Repositories) == 0 && q.Mandatory == "" {
		err = r.fail(root, "nothing is required (expected packages, repositories or mandatory)")
	}
	return q, err
}

func (r reader) wanted(n *yaml.Node) (p Package, err error) {
	err = r.mapping(n, func(key string, n *yaml.Node) (err error) {
		switch key {
		case "name":
			p.Name, err = r.text(n)
		case "versions":
			if p.Versions, err = r.texts(n); err == nil && len(p.Versions) == 0 && !isNull(n) {
				err = r.fail(n, "versions names none (expected such as [\">= 1\"], or to be left out)")
			}
		default:
			err = r.fail(n, "%q is no key of a package (expected name or versions)", cut(key))
		}
		return err
	})
	if err == nil && p.Name == "" {
		err = r.fail(n, "the package has no name")
	}
	for _, v := range p.Versions {
		if _, e := seed(p.Name, v); e != nil && err == nil {
			err = r.fail(n, "%v", e)
		}
	}
	if err == nil {
		if _, e := seed(p.Name, ""); e != nil {
			err = r.fail(n, "%v", e)
		}
	}
	return p, err
}

func (r reader) selection(n *yaml.Node) (s Selection, err error) {
	err = r.mapping(n, func(key string, n *yaml.Node) (err error) {
		switch key {
		case "name":
			s.Repository, err = r.text(n)
		case "excludes":
			err = r.list(n, func(n *yaml.Node) error {
				f := Filter{}
				err := r.mapping(n, func(key string, n *yaml.Node) (err error) {
					f[key], err = r.text(n)
					return err
				})
				if err == nil {
					if _, e := f.compile(); e != nil {
						err = r.fail(n, "%v", e)
					}
				}
				s.Excludes = append(s.Excludes, f)
				return err
			})
		default:
			err = r.fail(n, "%q is no key of a required repository (expected name or excludes)", cut(key))
		}
		return err
	})
	if err == nil && s.Repository == "" {
		err = r.fail(n, "the required repository has no name")
	}
	return s, err
}

// ParsePackageFiles reads a list of paths and URLs of package files.
func ParsePackageFiles(name string, content []byte) (files []string, err error) {
	r := reader{file: name}
	root, err := r.document(content)
	if err != nil {
		return nil, err
	}
	if files, err = r.texts(root); err == nil && len(files) == 0 {
		err = r.fail(root, "the list names no package file")
	}
	return files, err
}

// reader reads one file.
type reader struct{ file string }

func (r reader) fail(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", r.file, max(1, n.Line), fmt.Sprintf(format, args...))
}

func (r reader) document(content []byte) (*yaml.Node, error) {
	if len(content) > maxFile {
		return nil, fmt.Errorf("%s:1: the file is larger than %d bytes", r.file, maxFile)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		line, message := 1, err.Error()
		if e := (*yaml.LoadError)(nil); errors.As(err, &e) {
			line, message = max(1, e.Mark.Line), e.Message
		}
		return nil, fmt.Errorf("%s:%d: not valid YAML: %s", r.file, line, strings.ReplaceAll(message, "\n", " "))
	}
	if len(document.Content) != 1 {
		return nil, fmt.Errorf("%s:1: the file is empty", r.file)
	}
	return document.Content[0], nil
}

// mapping calls do for each key. Aliases are refused: these files have none.
func (r reader) mapping(n *yaml.Node, do func(key string, n *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return r.fail(n, "expected keys with values")
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || given[key.Value] {
			return r.fail(key, "the key %q is there twice, or is no text", cut(key.Value))
		}
		given[key.Value] = true
		if err := do(key.Value, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (r reader) list(n *yaml.Node, do func(n *yaml.Node) error) error {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return r.fail(n, "expected a list")
	}
	for _, item := range n.Content {
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func (r reader) text(n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", r.fail(n, "expected a text")
	}
	if isNull(n) {
		return "", nil
	}
	if strings.ContainsFunc(n.Value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return "", r.fail(n, "a text holds a control character")
	}
	return n.Value, nil
}

func (r reader) texts(n *yaml.Node) (out []string, err error) {
	if n.Kind == yaml.ScalarNode && !isNull(n) { // fuel-mirror wrote "main universe"
		text, err := r.text(n)
		return strings.Fields(text), err
	}
	err = r.list(n, func(n *yaml.Node) error {
		text, err := r.text(n)
		if err == nil && text == "" {
			err = r.fail(n, "expected a text")
		}
		out = append(out, text)
		return err
	})
	return out, err
}

func (r reader) number(n *yaml.Node) (*int, error) {
	if isNull(n) {
		return nil, nil
	}
	var number float64
	if err := n.Decode(&number); err != nil || number != number || number < -1e6 || number > 1e6 {
		return nil, r.fail(n, "%q is no number", cut(n.Value))
	}
	whole := int(number)
	return &whole, nil
}

// cut is the beginning of a text, for messages.
func cut(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
