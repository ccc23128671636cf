package repotest

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// metadata puts repodata/, as createrepo_c and modifyrepo_c write it.
func (r *RPM) metadata(tree *Tree, date time.Time) {
	r.t.Helper()
	work, err := os.MkdirTemp("", "repotest-")
	if err != nil {
		r.t.Fatalf("metadata: %v", err)
		return
	}
	defer os.RemoveAll(work)
	r.createrepo(work, date)
	repodata := filepath.Join(work, "repodata")
	for _, record := range r.records() {
		file := filepath.Join(work, record.name)
		r.writeFile(file, record.content)
		// Only files of the usual kinds are compressed by those who write them.
		compress := "--compress-type=" + r.Compression
		if !slices.Contains([]string{"modules", "updateinfo"}, record.kind) {
			compress = "--no-compress"
		}
		r.run("modifyrepo_c", "--mdtype="+record.kind, compress, file, repodata)
	}
	root := r.read(filepath.Join(repodata, "repomd.xml"))
	root = timestamp.ReplaceAll(root, fmt.Appendf(nil, "<timestamp>%d</timestamp>", date.Unix()))
	r.putMetadata(tree, repodata, root, date)
}

var timestamp = regexp.MustCompile(`<timestamp>\d+</timestamp>`)

// createrepo writes the packages and their metadata below a directory.
func (r *RPM) createrepo(work string, date time.Time) {
	r.t.Helper()
	packages := filepath.Join(work, "packages")
	if err := os.MkdirAll(packages, 0o755); err != nil {
		r.t.Fatalf("metadata: %v", err)
	}
	for _, p := range r.packages {
		file := filepath.Join(packages, filepath.FromSlash(r.filename(p)))
		if err := replace(file, r.archives[p], firstDate); err != nil {
			r.t.Fatalf("metadata: %v", err)
		}
	}
	args := []string{
		"--quiet", "--workers=1", "--revision=" + strconv.FormatInt(date.Unix(), 10), "--set-timestamp-to-revision",
		"--general-compress-type=" + r.Compression, "--outputdir=" + work,
	}
	if !slices.Contains(r.Options, "--database") {
		args = append(args, "--no-database")
	}
	switch {
	case r.Base != "":
		args = append(args, "--baseurl="+r.Base)
	case r.Dir != "":
		up := strings.Repeat("../", strings.Count(r.Dir, "/")+1)
		args = append(args, "--location-prefix="+up)
	}
	if r.Comps != "" {
		comps := filepath.Join(work, "comps.xml")
		r.writeFile(comps, r.Comps)
		args = append(args, "--groupfile="+comps)
	}
	r.run("createrepo_c", append(append(args, r.Options...), packages)...)
}

// record is a further record of the root.
type record struct{ kind, name, content string }

func (r *RPM) records() (all []record) {
	if r.Modules != "" {
		all = append(all, record{"modules", "modules.yaml", r.Modules})
	}
	if r.Updateinfo != "" {
		all = append(all, record{"updateinfo", "updateinfo.xml", r.Updateinfo})
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Extra)) {
		all = append(all, record{kind, kind, r.Extra[kind]})
	}
	return all
}

// putMetadata puts what lies in a directory, and the root last.
func (r *RPM) putMetadata(tree *Tree, repodata string, root []byte, date time.Time) {
	r.t.Helper()
	dir := path.Join(r.Dir, "repodata")
	entries, err := os.ReadDir(repodata)
	if err != nil {
		r.t.Fatalf("metadata: %v", err)
	}
	for _, e := range entries {
		if e.Name() != "repomd.xml" {
			tree.put(path.Join(dir, e.Name()), r.read(filepath.Join(repodata, e.Name())), date)
		}
	}
	if !r.Unsigned {
		tree.put(path.Join(dir, "repomd.xml.asc"), r.Key.Detached(r.t, root, date), date)
	}
	tree.put(path.Join(dir, "repomd.xml"), root, date)
}

func (r *RPM) run(name string, args ...string) {
	r.t.Helper()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := c.CombinedOutput(); err != nil {
		r.t.Fatalf("%s: %v\n%s", c, err, out)
	}
}

func (r *RPM) writeFile(name, content string) {
	r.t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		r.t.Fatalf("metadata: %v", err)
	}
}

func (r *RPM) read(name string) []byte {
	r.t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		r.t.Fatalf("metadata: %v", err)
	}
	return content
}
