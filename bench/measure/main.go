// Measure measures commands, and makes tables of what it measured.
//
//	measure run -results FILE -log FILE FORMAT LINK ROUND PEER JOB -- COMMAND [ARG...]
//	measure tables -results FILE [-readme FILE]
//
// run runs one command and adds a row to the results: format, link, round, peer and
// job as given, and what the command took. Its exit code is the command's.
//
// tables prints the results as Markdown, every figure the median of the rounds,
// beside the floor's. The notes among the results, lines that begin with "# ", come
// first. With -readme the tables also take the place of what stands between the two
// marker lines of that file.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("measure: ")
	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "run":
		os.Exit(runCommand(os.Args[2:]))
	case "tables":
		if err := tablesCommand(os.Args[2:]); err != nil {
			log.Fatal(err)
		}
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: measure run -results FILE -log FILE FORMAT LINK ROUND PEER JOB -- COMMAND [ARG...]\n"+
		"       measure tables -results FILE [-readme FILE]")
	os.Exit(2)
}

func runCommand(args []string) int {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	results := flags.String("results", "", "`file` to add a row to")
	output := flags.String("log", "", "`file` to add the command's output to")
	_ = flags.Parse(args) // ends the program where it fails
	if *results == "" || *output == "" || flags.NArg() < 7 || flags.Arg(5) != "--" {
		usage()
	}
	m, err := run(flags.Args()[6:], *output)
	if err != nil {
		log.Fatal(err)
	}
	m.format, m.link, m.round, m.peer, m.job = flags.Arg(0), flags.Arg(1), flags.Arg(2), flags.Arg(3), flags.Arg(4)
	if err := m.addTo(*results); err != nil {
		log.Fatal(err)
	}
	fmt.Println(m)
	return m.exit
}

func tablesCommand(args []string) error {
	flags := flag.NewFlagSet("tables", flag.ExitOnError)
	results := flags.String("results", "", "`file` of results")
	readme := flags.String("readme", "", "`file` whose tables are replaced")
	_ = flags.Parse(args)
	if *results == "" || flags.NArg() > 0 {
		usage()
	}
	rows, notes, err := readRows(*results)
	if err != nil {
		return err
	}
	slices.Sort(notes)
	text := strings.Join(append(notes, tables(rows)), "\n\n")
	fmt.Print(text)
	if *readme == "" {
		return nil
	}
	return replaceBetweenMarkers(*readme, text)
}
