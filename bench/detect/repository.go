package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

// repository is what a source publishes over time: small files, signed.
type repository struct {
	trees   []map[string][]byte // by generation, every path with its content
	foreign map[string][]byte   // somebody else's
	lasting string              // a package that all generations have
	keyring *signature.Keyring
}

// The changes of each generation.
const (
	added   = 10
	removed = 5
)

func newRepository(begin time.Time, packages, generations int) (r repository, err error) {
	if packages <= removed*generations {
		return r, fmt.Errorf("%d packages are too few: %d generations remove %d", packages, generations, removed*generations)
	}
	key, err := signature.Generate("Source <source@example.org>")
	if err != nil {
		return r, err
	}
	stranger, err := signature.Generate("Stranger <stranger@example.net>")
	if err != nil {
		return r, err
	}
	armored, _, err := key.Public(context.Background())
	if err != nil {
		return r, err
	}
	r.keyring = &signature.Keyring{}
	if err := r.keyring.Add("key", armored); err != nil {
		return r, err
	}
	first := 0
	r.lasting = path(packages - 1) // fewer are removed
	for g := range generations {
		tree, err := tree(key, first, packages+g*(added-removed), begin.Add(time.Duration(g)*publishes))
		if err != nil {
			return r, err
		}
		r.trees = append(r.trees, tree)
		first += removed
	}
	r.foreign, err = tree(stranger, 1_000_000, packages, begin)
	return r, err
}

func path(n int) string { return fmt.Sprintf("pool/main/p/p%d/p%d_1.0_amd64.deb", n, n) }

// tree makes a generation of the packages from one number on.
func tree(key *signature.Key, first, packages int, at time.Time) (map[string][]byte, error) {
	files := map[string][]byte{}
	var index bytes.Buffer
	for n := first; n < first+packages; n++ {
		name := path(n)
		sum := sha256.Sum256([]byte(name))
		content := bytes.Repeat(sum[:], 4+n%7)
		files[name] = content
		fmt.Fprintf(&index, "Package: p%d\nVersion: 1.0\nArchitecture: amd64\nFilename: %s\nSize: %d\nSHA256: %x\n\n", n, name, len(content), sha256.Sum256(content))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(index.Bytes()); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	files["dists/s/main/binary-amd64/Packages.gz"] = packed.Bytes()
	var release bytes.Buffer
	fmt.Fprintf(&release, "Suite: s\nCodename: s\nDate: %s\nArchitectures: amd64\nComponents: main\nSHA256:\n", at.UTC().Format(time.RFC1123))
	fmt.Fprintf(&release, " %x %d main/binary-amd64/Packages\n", sha256.Sum256(index.Bytes()), index.Len())
	fmt.Fprintf(&release, " %x %d main/binary-amd64/Packages.gz\n", sha256.Sum256(packed.Bytes()), packed.Len())
	signed, err := key.Inline(release.Bytes())
	files[root] = signed
	return files, err
}
