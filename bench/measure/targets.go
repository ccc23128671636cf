package main

import (
	"fmt"
	"slices"
	"strings"
)

// target is a figure that is to be reached.
type target struct {
	what, limit string
	measured    string
	reached     bool
}

// targetsTable compares what was measured with what is to be reached.
func targetsTable(all map[group]figures) string {
	reached := targets(all)
	if len(reached) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("### Figures to reach\n\n| figure | to reach | measured | |\n| --- | --: | --: | --- |\n")
	for _, t := range reached {
		verdict := "**missed**"
		if t.reached {
			verdict = "reached"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", t.what, t.limit, t.measured, verdict)
	}
	return b.String()
}

// memoryLimits are the most memory, in MiB, that a full run may take.
var memoryLimits = map[string]float64{deb: 150, rpm: 200}

// largeLimit is the most memory, in MiB, that questions about 150 000 packages may take:
// 500 MB.
const largeLimit = 500e6 / (1 << 20)

// targets are those that the figures tell something of.
func targets(all map[group]figures) (ts []target) {
	for _, format := range []string{deb, rpm} {
		f := formatTargets{all: all, format: format}
		f.mirroring()
		f.reading()
		f.solving()
		f.creating()
		ts = append(ts, f.targets...)
	}
	return ts
}

// formatTargets gathers the targets of a format.
type formatTargets struct {
	all     map[group]figures
	format  string
	targets []target
}

// of are the figures of a peer, if there are any good ones.
func (f *formatTargets) of(link, job, peer string) (figures, bool) {
	x, ok := f.all[group{f.format, link, job, peer}]
	return x, ok && x.failed < x.rounds
}

// time adds a target in seconds.
func (f *formatTargets) time(what string, measured, limit float64) {
	f.targets = append(f.targets, target{f.format + ", " + what, seconds(limit) + " s", seconds(measured) + " s", measured <= limit})
}

// memory adds a target in MiB.
func (f *formatTargets) memory(what string, measured, limit float64) {
	f.targets = append(f.targets, target{f.format + ", " + what, fmt.Sprintf("%.0f MiB", limit), fmt.Sprintf("%.0f MiB", measured), measured <= limit})
}

func (f *formatTargets) mirroring() {
	if ours, ok := f.of(direct, full, keeper); ok {
		if base, ok := f.of(direct, full, floor); ok {
			f.time("full, wall: 1.2 times the floor", ours.wall, 1.2*base.wall)
		}
		f.memory("full, peak memory", ours.memory, memoryLimits[f.format])
	}
	if ours, ok := f.of(direct, unchanged, keeper); ok {
		if fastest, ok := fastestPeer(f.all, f.format, direct, unchanged); ok && f.format == rpm {
			f.time("unchanged, wall: a tenth of the fastest peer's", ours.wall, fastest/10)
		} else if ok {
			f.time("unchanged, wall: the fastest peer's", ours.wall, fastest)
		}
		f.time("unchanged, CPU", ours.cpu, 0.1)
	}
	if ours, ok := f.of(direct, changed, keeper); ok {
		if base, ok := f.of(direct, changed, floor); ok {
			f.time("changed, wall: 1.3 times the floor and 0.3 s", ours.wall, 1.3*base.wall+0.3)
		}
	}
	for _, link := range farLinks(f.all) {
		for _, job := range []string{full, unchanged, changed} {
			ours, ok := f.of(link, job, keeper)
			fastest, peers := fastestPeer(f.all, f.format, link, job)
			if ok && peers {
				f.time(job+", "+link+", wall: the fastest peer's", ours.wall, fastest)
			}
		}
	}
}

func (f *formatTargets) reading() {
	ours, ok := f.of(direct, reading, keeper)
	if theirs, both := f.of(direct, reading, apt); ok && both {
		f.time("reading, wall: a third of apt's", ours.wall, theirs.wall/3)
		f.time("reading, CPU: a third of apt's", ours.cpu, theirs.cpu/3)
	}
	if theirs, both := f.of(direct, reading, libsolv); ok && both {
		f.time("reading, wall: a half of libsolv's", ours.wall, theirs.wall/2)
	}
	if theirs, both := f.of(direct, reading, creating); ok && both {
		f.time("reading, wall: createrepo_c's parser", ours.wall, theirs.wall)
	}
}

func (f *formatTargets) solving() {
	ours, ok := f.of(direct, solving, keeper)
	if theirs, both := f.of(direct, solving, apt); ok && both {
		f.time("solving, CPU: a fortieth of apt's", ours.cpu, theirs.cpu/40)
	}
	ours, ok = f.of(direct, check, keeper)
	if theirs, both := f.of(direct, check, libsolv); ok && both {
		f.time("check, wall: libsolv's installcheck", ours.wall, theirs.wall)
	}
	if ours, ok := f.of(direct, unresolved, keeper); ok {
		f.time("unresolved, wall", ours.wall, 1)
	}
	if ours, ok := f.of(direct, large, keeper); ok {
		f.memory("150 000 packages, peak memory", ours.memory, largeLimit)
	}
}

// createLimit is the most memory, in MiB, that making a repository of 50 000 packages may
// take.
const createLimit = 150

func (f *formatTargets) creating() {
	for _, job := range []string{create, createUnchanged, createChanged} {
		ours, ok := f.of(direct, job, keeper)
		if theirs, both := f.of(direct, job, creators[f.format]); ok && both {
			limit, what := theirs.wall, creators[f.format]+"'s"
			if f.format == deb && job == create { // it uses one processor
				limit, what = 0.6*limit, "0.6 of "+what
			}
			f.time(job+", wall: "+what, ours.wall, limit)
		}
		if ok {
			f.memory(job+", peak memory", ours.memory, createLimit)
		}
	}
	if ours, ok := f.of(direct, createLarge, keeper); ok {
		f.memory("create of 50 000 packages, peak memory", ours.memory, createLimit)
	}
}

// fastestPeer is the least wall time, in seconds, of the peers but the floor.
func fastestPeer(all map[group]figures, format, link, job string) (least float64, ok bool) {
	for g, f := range all {
		if g.format != format || g.link != link || g.job != job || g.peer == floor || g.peer == keeper || f.failed == f.rounds {
			continue
		}
		if !ok || f.wall < least {
			least, ok = f.wall, true
		}
	}
	return least, ok
}

// farLinks are the links but the direct one.
func farLinks(all map[group]figures) (links []string) {
	for g := range all {
		if g.link != direct && !slices.Contains(links, g.link) {
			links = append(links, g.link)
		}
	}
	slices.Sort(links)
	return links
}
