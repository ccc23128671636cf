package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

// The names that the tables know; peers and links may have any others.
const (
	floor    = "floor"
	keeper   = "mirrorkeeper"
	apt      = "apt"
	libsolv  = "libsolv"
	creating = "createrepo_c"

	ftparchive = "apt-ftparchive"

	deb, rpm = "deb", "rpm"

	direct = "direct"

	full, unchanged, changed = "full", "unchanged", "changed"

	reading, solving, check, unresolved, large = "reading", "solving", "check", "unresolved", "large"

	create, createUnchanged, createChanged = "create", "create-unchanged", "create-changed"
	createLarge, createLargeUnchanged      = "create-large", "create-large-unchanged"
)

// indexJob is a job about what is there, and uses no link.
type indexJob struct {
	name string
	base map[string]string // by format, the peer that others are compared with
}

var indexJobs = []indexJob{
	{reading, map[string]string{deb: apt, rpm: libsolv}},
	{solving, map[string]string{deb: apt}},
	{check, map[string]string{deb: libsolv, rpm: libsolv}},
	{unresolved, nil},
	{large, nil},
	{create, creators},
	{createUnchanged, creators},
	{createChanged, creators},
	{createLarge, nil},
	{createLargeUnchanged, nil},
}

// creators are the peers that repositories are made beside.
var creators = map[string]string{deb: ftparchive, rpm: creating}

// group is the rounds of one peer's job over one link.
type group struct{ format, link, job, peer string }

// figures are the medians of a group's good rounds.
type figures struct {
	rounds, failed    int
	wall, cpu, memory float64 // s, s, MiB
}

// medians are the figures of each group, and the groups in the order of the rows.
func medians(rows []row) (map[group]figures, []group) {
	byGroup := map[group][]row{}
	var order []group
	for _, r := range rows {
		g := group{r.format, r.link, r.job, r.peer}
		if byGroup[g] == nil {
			order = append(order, g)
		}
		byGroup[g] = append(byGroup[g], r)
	}
	all := map[group]figures{}
	for g, rows := range byGroup {
		good := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.exit != 0 })
		of := func(value func(row) float64) float64 {
			values := make([]float64, len(good))
			for i, r := range good {
				values[i] = value(r)
			}
			return median(values)
		}
		all[g] = figures{
			rounds: len(rows), failed: len(rows) - len(good),
			wall:   of(func(r row) float64 { return r.wall.Seconds() }),
			cpu:    of(func(r row) float64 { return r.cpu.Seconds() }),
			memory: of(func(r row) float64 { return float64(r.memory) }),
		}
	}
	return all, order
}

// median is 0 for no values.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// tables are a table for each link and job, and one of the figures to reach.
func tables(rows []row) string {
	all, order := medians(rows)
	var b strings.Builder
	type subject struct{ format, link, job string }
	var subjects []subject
	for _, g := range order {
		if s := (subject{g.format, g.link, g.job}); !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	rank := func(s subject) int { // what uses no link last
		switch i := indexJobOf(s.job); {
		case i >= 0:
			return 2 + i
		case s.link == direct:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(subjects, func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.format, b.format), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.link, b.link))
	})
	for _, s := range subjects {
		base, name := group{s.format, s.link, s.job, floor}, "the floor"
		if i := indexJobOf(s.job); i >= 0 {
			base.peer = cmp.Or(indexJobs[i].base[s.format], keeper)
			name = base.peer
		}
		fmt.Fprintf(&b, "### %s, %s\n\n", s.format, title(s.link, s.job))
		fmt.Fprintf(&b, "| | wall s | x %s | CPU s | x %[1]s | peak MiB | rounds |\n| --- | --: | --: | --: | --: | --: | --: |\n", name)
		for _, g := range order {
			if g.format != s.format || g.link != s.link || g.job != s.job {
				continue
			}
			f := all[g]
			rounds := fmt.Sprint(f.rounds)
			if f.failed > 0 {
				rounds += fmt.Sprintf(", %d failed", f.failed)
			}
			if f.failed == f.rounds {
				fmt.Fprintf(&b, "| %s | | | | | | %s |\n", g.peer, rounds)
				continue
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.0f | %s |\n", g.peer,
				seconds(f.wall), ratio(f.wall, all[base].wall), seconds(f.cpu), ratio(f.cpu, all[base].cpu), f.memory, rounds)
		}
		b.WriteByte('\n')
	}
	b.WriteString(targetsTable(all))
	return b.String()
}

// indexJobOf is the place of the job among indexJobs, or -1.
func indexJobOf(job string) int {
	return slices.IndexFunc(indexJobs, func(x indexJob) bool { return x.name == job })
}

func title(link, job string) string {
	text := map[string]string{
		full:       "full: into an empty directory",
		unchanged:  "unchanged: once more, upstream is the same",
		changed:    "changed: some packages are others",
		reading:    "reading an index with its relations",
		solving:    "solving: what 30 seeds need",
		check:      "check: which packages cannot be installed",
		unresolved: "unresolved: which relations nothing satisfies",
		large:      "large: all three questions about 150 000 packages",

		create:               "create: a repository of package files",
		createUnchanged:      "create, unchanged: once more",
		createChanged:        "create, changed: some packages are others",
		createLarge:          "create, large: of 50 000 small packages",
		createLargeUnchanged: "create, large, unchanged: once more",
	}[job]
	if text == "" {
		text = job
	}
	if link != direct {
		text += ", " + link
	}
	return text
}

// seconds has about three digits that mean something.
func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.3f", s)
	}
	return fmt.Sprintf("%.2f", s)
}

func ratio(a, b float64) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}

// The lines of a file that tables are written between.
const (
	beginMarker = "<!-- results -->\n"
	endMarker   = "<!-- /results -->\n"
)

func replaceBetweenMarkers(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(old), beginMarker)
	_, after, ends := strings.Cut(rest, endMarker)
	if !begins || !ends {
		return fmt.Errorf("%s has not the lines %q and %q", file, strings.TrimSpace(beginMarker), strings.TrimSpace(endMarker))
	}
	return os.WriteFile(file, []byte(before+beginMarker+"\n"+strings.TrimSpace(text)+"\n\n"+endMarker+after), 0o644)
}
