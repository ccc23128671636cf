// Program detect measures how long it takes until somebody notices that a mirror site is
// not what it ought to be: the watcher of this project beside mirmon, the real one, and a
// check such as that of archlinux.org, which both go by a timestamp. Each site of a fleet has
// one fault. The sites are real servers on this machine, which all three ask; the clock is
// a virtual one, so that days pass in minutes. One run gives one table.
//
//	detect [-days 8] [-packages 600] [-seed 1] [-mirmon /usr/bin/mirmon]
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync/atomic"
	"time"
)

// clock is the virtual one, which begins at the real time.
type clock struct {
	begin time.Time
	ahead atomic.Int64
}

func (c *clock) now() time.Time       { return c.begin.Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration) { c.ahead.Add(int64(d)) }

// checker looks at the fleet when its time has come, and tells which sites it takes for
// bad now.
type checker interface {
	name() string
	check(ctx context.Context) (bad []*site, err error)
	every() time.Duration
}

// The times of the fleet.
const (
	step      = 10 * time.Second
	publishes = 6 * time.Hour
	copies    = time.Hour
	plants    = 10 * time.Minute
	settles   = 7 * time.Hour // before the faults begin
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("detect: ")
	days := flag.Int("days", 8, "days that are watched from the faults on")
	packages := flag.Int("packages", 600, "packages of the repository")
	seed := flag.Uint64("seed", 1, "for what is random")
	program := flag.String("mirmon", "/usr/bin/mirmon", "the program mirmon; \"\" leaves it out")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "detect-")
	if err != nil {
		log.Fatal(err)
	}
	err = run(ctx, dir, *days, *packages, *seed, *program)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string, days, packages int, seed uint64, program string) error {
	began := time.Now()
	c := &clock{begin: began.Truncate(time.Second)}
	random := rand.New(rand.NewPCG(seed, 1))
	horizon := settles + time.Duration(days)*24*time.Hour
	f, err := newFleet(c, random, packages, int(horizon/publishes)+2)
	if err != nil {
		return err
	}
	defer f.close()
	ours, err := newWatcher(dir, f, random)
	if err != nil {
		return err
	}
	defer ours.close()
	checkers := []checker{ours, newArchweb(f)}
	if program != "" {
		m, err := newMirmon(dir, program, f)
		if err != nil {
			return err
		}
		checkers = append(checkers, m)
	}
	due := make([]time.Duration, len(checkers))
	for passed := time.Duration(0); passed < horizon; passed += step {
		f.happen(passed)
		for i, x := range checkers {
			if passed < due[i] {
				continue
			}
			due[i] = passed + x.every()
			bad, err := x.check(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", x.name(), err)
			}
			for _, s := range bad {
				s.notice(x.name(), c.now())
			}
		}
		c.pass(step)
	}
	f.table(checkers, days)
	ours.costs()
	fmt.Printf("\n%d days of %d sites in %s\n", days, len(f.sites), time.Since(began).Round(time.Second))
	return nil
}

// notice notes that a checker takes the site for bad, for the first time since it is.
func (s *site) notice(checker string, at time.Time) {
	if !s.since.IsZero() && s.noticed[checker].IsZero() {
		s.noticed[checker] = at
	}
}

// table says after how long who noticed what.
func (f *fleet) table(checkers []checker, days int) {
	fmt.Printf("| fault |")
	for _, x := range checkers {
		fmt.Printf(" %s |", x.name())
	}
	fmt.Printf("\n| --- |")
	for range checkers {
		fmt.Printf(" --: |")
	}
	fmt.Println()
	for _, s := range f.sites {
		fmt.Printf("| %s |", s.fault)
		for _, x := range checkers {
			at, noticed := s.noticed[x.name()]
			text := fmt.Sprintf("not in %d days", days)
			switch {
			case noticed && s.harmless:
				text = "false alarm after " + short(at.Sub(s.since))
			case noticed:
				text = short(at.Sub(s.since))
			case s.harmless:
				text = "no alarm"
			}
			fmt.Printf(" %s |", text)
		}
		fmt.Println()
	}
}

func short(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
	return fmt.Sprintf("%.1f days", d.Hours()/24)
}
