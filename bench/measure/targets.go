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

// targets are those that the figures tell something of.
func targets(all map[group]figures) (ts []target) {
	for _, format := range []string{deb, rpm} {
		ts = append(ts, formatTargets(all, format)...)
	}
	return ts
}

func formatTargets(all map[group]figures, format string) (ts []target) {
	get := func(link, job, peer string) (figures, bool) {
		f, ok := all[group{format, link, job, peer}]
		return f, ok && f.failed < f.rounds
	}
	add := func(what string, measured, limit float64) {
		ts = append(ts, target{format + ", " + what, seconds(limit) + " s", seconds(measured) + " s", measured <= limit})
	}
	if ours, ok := get(direct, full, keeper); ok {
		if base, ok := get(direct, full, floor); ok {
			add("full, wall: 1.2 times the floor", ours.wall, 1.2*base.wall)
		}
		limit := memoryLimits[format]
		ts = append(ts, target{format + ", full, peak memory", fmt.Sprintf("%.0f MiB", limit), fmt.Sprintf("%.0f MiB", ours.memory), ours.memory <= limit})
	}
	if ours, ok := get(direct, unchanged, keeper); ok {
		if fastest, ok := fastestPeer(all, format, direct, unchanged); ok && format == rpm {
			add("unchanged, wall: a tenth of the fastest peer's", ours.wall, fastest/10)
		} else if ok {
			add("unchanged, wall: the fastest peer's", ours.wall, fastest)
		}
		add("unchanged, CPU", ours.cpu, 0.1)
	}
	if ours, ok := get(direct, changed, keeper); ok {
		if base, ok := get(direct, changed, floor); ok {
			add("changed, wall: 1.3 times the floor and 0.3 s", ours.wall, 1.3*base.wall+0.3)
		}
	}
	for _, link := range farLinks(all) {
		for _, job := range []string{full, unchanged, changed} {
			ours, ok := get(link, job, keeper)
			fastest, peers := fastestPeer(all, format, link, job)
			if ok && peers {
				add(job+", "+link+", wall: the fastest peer's", ours.wall, fastest)
			}
		}
	}
	ours, ok := get(direct, reading, keeper)
	if theirs, both := get(direct, reading, apt); ok && both {
		add("reading, wall: a third of apt's", ours.wall, theirs.wall/3)
		add("reading, CPU: a third of apt's", ours.cpu, theirs.cpu/3)
	}
	if theirs, both := get(direct, reading, libsolv); ok && both {
		add("reading, wall: a half of libsolv's", ours.wall, theirs.wall/2)
	}
	if theirs, both := get(direct, reading, creating); ok && both {
		add("reading, wall: createrepo_c's parser", ours.wall, theirs.wall)
	}
	return ts
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
