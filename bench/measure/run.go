package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// samplingPeriod is how often the memory of all processes is added up. Each time
// takes a few milliseconds of CPU from what is measured.
const samplingPeriod = 200 * time.Millisecond

// run runs a command in a session of its own, and waits for it. What it took is
// that of the command and of all processes that it waited for. The peak of the
// memory is that of the largest process, as the kernel saw it, or of all processes
// together, where a sample saw more; pages that processes share count for each.
func run(command []string, output string) (row, error) {
	out, err := os.OpenFile(output, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return row{}, err
	}
	defer out.Close()
	c := exec.Command(command[0], command[1:]...)
	c.Stdout, c.Stderr = out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	r := row{load: loadAverage()}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	begun := time.Now()
	if err := c.Start(); err != nil {
		return row{}, err
	}
	ended, sampled := make(chan struct{}), make(chan int)
	go func() { sampled <- sample(c.Process.Pid, ended) }()
	go func() {
		for range interrupts {
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM)
		}
	}()
	err = c.Wait()
	r.wall = time.Since(begun)
	close(ended)
	if bad := (*exec.ExitError)(nil); err != nil && !errors.As(err, &bad) {
		return row{}, err
	}
	if r.exit = c.ProcessState.ExitCode(); r.exit < 0 {
		r.exit = 1 // ended by a signal
	}
	r.cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	r.memory = max(int(usage.Maxrss>>10), <-sampled>>20)
	return r, nil
}

// sample adds up the memory of a session's processes until it ended, and returns
// the most there was, in bytes.
func sample(session int, ended <-chan struct{}) (peak int) {
	tick := time.NewTicker(samplingPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
			peak = max(peak, sessionMemory(session))
		}
	}
}

// sessionMemory is the resident memory of all processes of the session, in bytes.
func sessionMemory(session int) (sum int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		// proc(5): what follows the name of the command, which may hold anything
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		const sessionField, rssField = 3, 21
		if len(f) <= rssField || f[sessionField] != strconv.Itoa(session) {
			continue
		}
		pages, _ := strconv.Atoi(f[rssField])
		sum += pages * os.Getpagesize()
	}
	return sum
}

// loadAverage is that of the last minute, 0 where it is not known.
func loadAverage() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}
