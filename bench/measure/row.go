package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// row is one measured command.
type row struct {
	format, link, round, peer, job string
	exit                           int
	wall                           time.Duration
	cpu                            time.Duration // user and system, of all processes
	memory                         int           // MiB, the peak
	load                           float64       // of the machine, before
}

const header = "format\tlink\tround\tpeer\tjob\texit\twall s\tCPU s\tpeak RSS MiB\tload before"

// String is the row as a line of the results.
func (r row) String() string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%d\t%.3f\t%.3f\t%d\t%.1f", r.format, r.link, r.round, r.peer, r.job, r.exit, r.wall.Seconds(), r.cpu.Seconds(), r.memory, r.load)
}

// addTo adds the row to a file, which gets a header when it is new.
func (r row) addTo(file string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		fmt.Fprintln(f, header)
	}
	if _, err := fmt.Fprintln(f, r); err != nil {
		return err
	}
	return f.Close()
}

// readRows reads the rows of a file, and the notes between them: lines that begin
// with "# ", which say of a format when and where it was measured.
func readRows(file string) (rows []row, notes []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if n == 1 && s.Text() == header {
			continue
		}
		if note, ok := strings.CutPrefix(s.Text(), "# "); ok {
			notes = append(notes, note)
			continue
		}
		r, err := parseRow(s.Text())
		if err != nil {
			return nil, nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		rows = append(rows, r)
	}
	return rows, notes, s.Err()
}

func parseRow(line string) (r row, err error) {
	f := strings.Split(line, "\t")
	if len(f) != strings.Count(header, "\t")+1 {
		return r, fmt.Errorf("%d columns, expected those of %q", len(f), header)
	}
	r.format, r.link, r.round, r.peer, r.job = f[0], f[1], f[2], f[3], f[4]
	if r.exit, err = strconv.Atoi(f[5]); err != nil {
		return r, err
	}
	if r.wall, err = time.ParseDuration(f[6] + "s"); err != nil {
		return r, err
	}
	if r.cpu, err = time.ParseDuration(f[7] + "s"); err != nil {
		return r, err
	}
	if r.memory, err = strconv.Atoi(f[8]); err != nil {
		return r, err
	}
	r.load, err = strconv.ParseFloat(f[9], 64)
	return r, err
}
