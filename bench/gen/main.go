// Gen writes a signed deb or rpm repository for benchmarks, in two generations.
//
//	go run ./bench/gen -out DIR [-format deb] [-packages 5000] [-bytes 3e9] [-changed 0.05]
//	go run ./bench/gen -index FILE [-format deb] [-packages 60000]
//
// Names, versions, relations, sizes and contents are made up, and the same ones
// whenever the options are the same; only the key is a fresh one. DIR gets
//
//	g1, g2       the generations; a file that both have is one file with two links
//	g1.files     "SIZE PATH" of each file, without the second names below by-hash
//	g2.files     the same
//	g2.changed   the part of g2.files that g1 does not have
//	key.gpg      the public key, armoured in key.asc; the secret one is in gnupg, a GNUPGHOME
//
// The second form writes one Packages file, or primary.xml, of packages that exist
// nowhere. The metadata of rpm repositories is written by createrepo_c.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// options are what the repository is like.
type options struct {
	format   string // deb or rpm
	packages int
	bytes    float64 // of all package files of one generation, about
	changed  float64 // part of the packages that are others in the second generation
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	var o options
	out := flag.String("out", "", "the `directory` to write the repository into; it must be empty or absent")
	index := flag.String("index", "", "write only a Packages or primary.xml `file`")
	flag.StringVar(&o.format, "format", "deb", "deb or rpm")
	flag.IntVar(&o.packages, "packages", 5000, "packages of one generation")
	flag.Float64Var(&o.bytes, "bytes", 3e9, "bytes of all package files of one generation, about")
	flag.Float64Var(&o.changed, "changed", 0.05, "part of the packages that are others in the second generation")
	flag.Parse()
	if flag.NArg() > 0 || (*out == "") == (*index == "") || o.format != "deb" && o.format != "rpm" || o.packages < 1 || o.bytes < 0 || o.changed < 0 || o.changed > 1 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if *index != "" {
		err = writeIndexAlone(*index, o)
	} else {
		err = writeRepository(*out, o)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func writeRepository(dir string, o options) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	key, err := newKey(filepath.Join(dir, "gnupg"))
	if err != nil {
		return err
	}
	defer key.close()
	if err := key.export(dir); err != nil {
		return err
	}
	first := draw(o)
	second, changed := next(first, o.changed)
	g1 := &generation{format: o.format, dir: filepath.Join(dir, "g1"), date: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), packages: first}
	g2 := &generation{format: o.format, dir: filepath.Join(dir, "g2"), date: g1.date.AddDate(0, 0, 1), packages: second, before: g1}
	for _, g := range []*generation{g1, g2} {
		if err := g.write(key); err != nil {
			return err
		}
	}
	fmt.Printf("%d packages, %d of them others in the second generation\n", len(first), changed)
	return writeLists(dir, g1, g2)
}

func writeIndexAlone(file string, o options) error {
	packages := draw(o)
	for i := range packages {
		packages[i].file = madeUpFile(&packages[i])
	}
	index := packagesIndex
	if o.format == "rpm" {
		index = primaryIndex
	}
	return os.WriteFile(file, index(packages), 0o644)
}
