package rpm

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/repodata"
)

// Find finds the repositories in a tree of files: the directories that hold a
// repodata/repomd.xml. Where packages of one lie above its directory, that is the
// source's Root.
func (Format) Find(tree fs.FS) (found []repo.Found, err error) {
	err = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return fs.SkipDir
		case err != nil:
			return err
		case !e.IsDir():
			return nil
		case e.Name() == ".mirrorkeeper" || e.Name() == indexDir && name != ".":
			return fs.SkipDir
		}
		if r, ok := findAt(tree, name); ok {
			found = append(found, r)
		}
		return nil
	})
	return found, err
}

// findAt looks for a repository in the directory.
func findAt(tree fs.FS, dir string) (found repo.Found, ok bool) {
	info, err := fs.Stat(tree, path.Join(dir, rootName))
	if err != nil || !info.Mode().IsRegular() {
		return found, false
	}
	s := &repo.Source{Name: path.Base(dir), Type: "rpm", Include: Kinds(), URLs: []string{"file:///" + dir}}
	found.Dir = dir
	if up := upwards(tree, dir); up > 0 {
		s.Root = strings.TrimSuffix(strings.Repeat("../", up), "/")
		found.Dir = path.Join(dir, s.Root)
	}
	all, err := Format{}.Repositories(s)
	if err != nil {
		return found, false
	}
	found.Repository = all[0]
	return found, true
}

// maxFound bounds the indexes that are read to find a repository's root, in bytes as
// they are, and what they decompress to.
const maxFound, maxFoundPlain = 64 << 20, 8 << 30

// upwards returns how many directories above its own the packages of the repository
// in the directory lie. What cannot be read leads nowhere.
func upwards(tree fs.FS, dir string) (up int) {
	levels := strings.Count(dir, "/") + 1
	if dir == "." {
		return 0
	}
	content, err := readSmall(tree, path.Join(dir, rootName), maxFound)
	if err != nil {
		return 0
	}
	repomd, err := repodata.ParseRepomd(content, rootName)
	if err != nil {
		return 0
	}
	for _, record := range repomd.Records {
		if kindOf(record.Type) != packagesKind {
			continue
		}
		if n, err := upwardsIn(tree, path.Join(dir, record.Href), suffixOf(record)); err == nil {
			return min(n, levels)
		}
	}
	return 0
}

// upwardsIn reads a primary.
func upwardsIn(tree fs.FS, name, suffix string) (up int, err error) {
	file, err := tree.Open(name)
	if err != nil {
		return 0, err
	}
	plain, err := compress.Open(file, suffix, maxFoundPlain)
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	for in := repodata.NewPrimaryReader(plain, name); ; {
		p, err := in.Next()
		if err == io.EOF {
			return up, nil
		}
		if err != nil {
			return 0, err
		}
		if len(p.Href) > 0 && p.Href[0] == '.' {
			n := 0
			for rest := path.Clean(string(p.Href)); strings.HasPrefix(rest, "../"); rest = rest[3:] {
				n++
			}
			up = max(up, n)
		}
	}
}

// readSmall reads a file of up to the size.
func readSmall(tree fs.FS, name string, size int64) ([]byte, error) {
	file, err := tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, size))
}
