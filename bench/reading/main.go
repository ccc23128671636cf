// Reading reads a Packages file, or a primary.xml, with all relations, and says what it
// found.
//
//	go run ./bench/reading [-format deb] [-architecture amd64] [-catalog] FILE
//
// It is the work of a program that has fetched an index and verified it. With
// -catalog the packages are also made ready for search by name and by what they
// provide, as apt's cache is.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/mirrorkeeper/mirrorkeeper/bench/library"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("reading: ")
	format := flag.String("format", "deb", "deb or rpm")
	architecture := flag.String("architecture", "amd64", "of the packages; deb")
	catalog := flag.Bool("catalog", false, "make a catalog of the packages")
	flag.Parse()
	library.TuneGC()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	rules, packages, err := library.Read(*format, *architecture, flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	relations := 0
	for _, p := range packages {
		relations += len(p.Relations)
	}
	fmt.Printf("%d packages with %d relations\n", len(packages), relations)
	if *catalog {
		c := repo.NewCatalog(rules, packages)
		fmt.Printf("a catalog of %d packages\n", len(c.Packages))
	}
}
