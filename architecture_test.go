package mirrorkeeper_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mirrorkeeper/mirrorkeeper"

// rooms says what each top-level directory may import of the project, beside its
// own sub-directories, and why no more. A new directory needs a line here.
var rooms = map[string]struct {
	may    []string
	reason string
}{
	"repo":     {nil, "repo is the vocabulary: what it imported, everything would"},
	"compress": {nil, "a mechanism knows nothing of what it is used for"},
	"progress": {[]string{"repo"}, "a mechanism knows nothing of what it is used for"},
	"config":   {[]string{"repo"}, "configuration is values: turning them into formats, stores and transports is cmd's"},

	"mirrorlist": {[]string{"repo"}, "lists of mirrors are values: who fetches or serves them is the jobs' affair"},

	"signature": {[]string{"repo"}, "signatures are checked and made the same way for every format"},
	"transport": {[]string{"repo", "compress", "progress"}, "transports move bytes, whatever repositories they are of"},

	"deb": {formats, "a format reads and writes bytes: fetching, storing and deciding are the jobs'; formats never know each other"},
	"rpm": {formats, "a format reads and writes bytes: fetching, storing and deciding are the jobs'; formats never know each other"},

	"incoming": {jobs, "a door for uploads is handed its format and what publishes, so that it knows neither"},

	"solver": {mechanisms, "the solver decides on values, for every format and every job"},
	"fetch":  {mechanisms, "fetching knows files and digests, not formats or jobs"},
	"store":  {mechanisms, "stores know manifests and files, not formats or jobs"},

	"upstream": {[]string{"repo", "compress", "progress", "transport", "mirrorlist", "fetch", "store"}, "upstream reads what there is: what becomes of it is decided by the jobs"},

	"mirror": {jobs, "jobs are handed their formats as repo interfaces, or each job would be written once a format"},
	"create": {jobs, "jobs are handed their formats as repo interfaces, or each job would be written once a format"},
	"bundle": {jobs, "jobs are handed their formats as repo interfaces, or each job would be written once a format"},
	"serve":  {nil, "a web server knows files, whatever repositories they are of"},

	"generations": {jobs, "jobs are handed their formats as repo interfaces, or each job would be written once a format"},

	"verify": {jobs, "verify judges a tree by its manifest, for every format"},
	"watch":  {jobs, "watch is handed its formats as repo interfaces"},

	"switching": {[]string{"repo", "config"}, "files of other programs become values: what is done with them is cmd's"},

	"docs":   {nil, "documents know nothing of who reads them"},
	"manual": {nil, "pages are made of any program's commands, and of any Markdown"},

	"fuel": {[]string{"repo", "config"}, "jobs for Fuel are decisions on configurations and on what its server says: cmd runs the mirrors"},

	"cmd":   {everything, ""}, // only cmd knows all
	"bench": {everything, ""}, // programs that measure rooms, and make what is measured
	"e2e":   {doubles, "end-to-end tests see what users see: the program and what it writes"},

	"internal/repotest":    {nil, "every room's tests may use it, so it may use no room"},
	"internal/nailguntest": {nil, "every room's tests may use it, so it may use no room"},
}

var (
	formats    = []string{"repo", "compress", "signature"}
	mechanisms = []string{"repo", "compress", "progress", "transport"}
	jobs       = []string{"repo", "compress", "progress", "transport", "signature", "mirrorlist", "solver", "fetch", "store", "upstream", "verify", "generations"}
	everything = []string{"*"}

	doubles = []string{"internal/repotest", "internal/nailguntest"} // of what is elsewhere, for tests
)

// TestImports holds the direction of imports: cmd, jobs, mechanisms and formats, repo.
func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		room := roomOf(p.ImportPath)
		rule, known := rooms[room]
		if !known && room != "" {
			t.Errorf("%s: no rule says what the room %q may import; add one to this test", p.ImportPath, room)
			continue
		}
		for _, imported := range p.Imports {
			to := roomOf(imported)
			if !strings.HasPrefix(imported, module) || to == room || slices.Contains(rule.may, to) || slices.Equal(rule.may, everything) && !slices.Contains(doubles, to) {
				continue
			}
			t.Errorf("%s imports %s: %s", p.ImportPath, imported, rule.reason)
		}
	}
}

// TestImportsOfTests holds what tests may see: their own room, what it may import,
// the test repositories, and nothing that stands above them.
func TestImportsOfTests(t *testing.T) {
	for _, p := range packages(t) {
		room := roomOf(p.ImportPath)
		may := append(slices.Clone(rooms[room].may), doubles...)
		if slices.Equal(rooms[room].may, jobs) || slices.Equal(rooms[room].may, mechanisms) {
			may = append(may, "deb", "rpm") // what is handed a format is tested with the real ones
		}
		for _, imported := range p.TestImports {
			to := roomOf(imported)
			if !strings.HasPrefix(imported, module) || to == room || slices.Contains(may, to) || slices.Equal(rooms[room].may, everything) {
				continue
			}
			t.Errorf("the tests of %s import %s", p.ImportPath, imported)
		}
	}
}

// roomOf is the top-level directory of a package, with the one below for internal.
func roomOf(importPath string) string {
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"), "/", 3)
	if parts[0] == "internal" && len(parts) > 1 {
		return path.Join(parts[0], parts[1])
	}
	return parts[0]
}

type goPackage struct {
	ImportPath           string
	Imports, TestImports []string
}

// packages are those of the project. The sources are read here and not by the go
// command, so that a test that is cached notices when they change.
func packages(t *testing.T) []goPackage {
	t.Helper()
	found := map[string]*goPackage{}
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if base := e.Name(); name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || name == "bin" || name == "demo") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Join(module, filepath.ToSlash(filepath.Dir(name)))
		if found[dir] == nil {
			found[dir] = &goPackage{ImportPath: dir}
		}
		imports := &found[dir].Imports
		if strings.HasSuffix(name, "_test.go") {
			imports = &found[dir].TestImports
		}
		for _, i := range file.Imports {
			*imports = append(*imports, strings.Trim(i.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		all = append(all, *found[dir])
	}
	return all
}
