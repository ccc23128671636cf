package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/rpmpack"
)

// rpm parts the epoch from upstream's version.
func (v version) rpm() (upstream string, epoch uint32) {
	if before, after, ok := strings.Cut(v.upstream, ":"); ok {
		n, _ := strconv.ParseUint(before, 10, 32) // draw writes it
		return after, uint32(n)
	}
	return v.upstream, 0
}

func (b *binary) rpmArchitecture() string {
	if b.architecture == "all" {
		return "noarch"
	}
	return "x86_64"
}

// rpmPath is the path of the package's file, as distributions have it.
func (b *binary) rpmPath() string {
	upstream, _ := b.version.rpm()
	return path.Join("Packages", b.name[:1], fmt.Sprintf("%s-%s-%d.%s.rpm", b.name, upstream, b.version.revision, b.rpmArchitecture()))
}

// rpm is the package as an rpm file, with one file of noise in it.
func (b *binary) rpm(when time.Time) ([]byte, error) {
	upstream, epoch := b.version.rpm()
	p, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: b.name, Epoch: epoch, Version: upstream, Release: strconv.Itoa(b.version.revision), Arch: b.rpmArchitecture(),
		Summary: "made for a benchmark", Description: strings.Repeat("The package "+b.name+" is one of many, each with a few lines of text to read.\n", 3),
		Group: b.section, Licence: "MIT", URL: "https://" + b.source + ".example.org/", BuildTime: when, Compressor: "zstd:1",
	})
	if err != nil {
		return nil, err
	}
	for _, r := range b.relations {
		to := map[string]*rpmpack.Relations{"Depends": &p.Requires, "Recommends": &p.Recommends, "Suggests": &p.Suggests}[r.field]
		for _, text := range r.any {
			first, _, _ := strings.Cut(text, " | ")
			if err := to.Set(strings.NewReplacer("(", "", ")", "").Replace(first)); err != nil {
				return nil, err
			}
		}
		for _, name := range r.same {
			if err := to.Set(fmt.Sprintf("%s = %s", name, b.version)); err != nil {
				return nil, err
			}
		}
	}
	data := make([]byte, b.size)
	if _, err := io.ReadFull(noise(b.name+" "+b.version.String()), data); err != nil {
		return nil, err
	}
	for i := range 6 {
		p.AddFile(rpmpack.RPMFile{Name: fmt.Sprintf("/usr/share/doc/%s/part-%d", b.name, i), Body: []byte(b.name), Mode: 0o644, MTime: uint32(when.Unix())})
	}
	p.AddFile(rpmpack.RPMFile{Name: "/usr/share/" + b.name + "/data", Body: data, Mode: 0o644, MTime: uint32(when.Unix())})
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writeMetadata writes the metadata by createrepo_c, and signs its root.
func (g *generation) writeMetadata(k *key) error {
	seconds := strconv.FormatInt(g.date.Unix(), 10)
	args := []string{"--quiet", "--no-database", "--general-compress-type", "gz", "--revision", seconds, "--set-timestamp-to-revision"}
	if g.before != nil {
		args = append(args, "--update", "--update-md-path", g.before.dir)
	}
	if out, err := exec.Command("createrepo_c", append(args, g.dir)...).CombinedOutput(); err != nil {
		return fmt.Errorf("createrepo_c: %w: %s", err, out)
	}
	root := filepath.Join(g.dir, "repodata/repomd.xml")
	content, err := os.ReadFile(root)
	if err != nil {
		return err
	}
	signature, err := k.detached(content)
	if err != nil {
		return err
	}
	if err := os.WriteFile(root+".asc", signature, 0o644); err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(g.dir, "repodata"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		g.indexes = append(g.indexes, listed{path.Join("repodata", e.Name()), int(info.Size())})
		return os.Chtimes(name, g.date, g.date)
	})
}
