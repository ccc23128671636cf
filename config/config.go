package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxFile bounds the size of a configuration file in bytes.
const maxFile = 1 << 20

// Config is a whole configuration: defaults are set, paths are resolved,
// variables of the environment are replaced.
type Config struct {
	// Directory that mirrors and repositories are published in, each in a directory of
	// its own, or a bucket as s3://BUCKET/PREFIX. Required where there are any.
	Destination string `yaml:"destination,path,bucket"`
	// Directory of mirrorkeeper's own files: never served, and on the same file
	// system as the destination. Default DESTINATION/.mirrorkeeper.
	State string `yaml:"state,path"`
	// Sources that packages come from, by name.
	Sources []Source `yaml:"sources,named"`
	// Mirrors that are made from the sources, by name.
	Mirrors []Mirror `yaml:"mirrors,named"`
	// Repositories that are created of package files, by name.
	Repositories []Repository `yaml:"repositories,named"`
	// How files are fetched.
	Transfer Transfer `yaml:"transfer"`
	// How long old generations and their files stay.
	Keep Keep `yaml:"keep"`
	// What is told to a monitoring system.
	Metrics Metrics `yaml:"metrics"`
	// Mirror sites that are watched.
	Watch *Watch `yaml:"watch"`

	file  string
	lines map[string]int
}

// Keep says how long old generations stay.
type Keep struct {
	// Generations of each mirror that stay, however old they are, the published one among
	// them. Default 5.
	Generations int `yaml:"generations" jsonschema:"default=5,minimum=1"`
	// Age in days up to which further generations stay. Default 14.
	Days int `yaml:"days" jsonschema:"default=14,minimum=0"`
	// Time for which files that the published generation no longer names stay in the
	// tree, for clients that read the one before. Default 72h.
	Grace time.Duration `yaml:"grace" jsonschema:"default=72h"`
}

// Metrics says what is told to a monitoring system.
type Metrics struct {
	// File in Prometheus' text format that is written after each run, for the
	// textfile collector of its node exporter.
	Textfile string `yaml:"textfile,path"`
}

// Load reads the configuration file at path and checks it with [Config.Validate].
// The function env looks a variable of the environment up, as [os.LookupEnv] does.
// Mistakes in the file are returned as [Errors].
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	c, err := parse(path, dir, data, env)
	if err != nil {
		return nil, err
	}
	return c, c.Validate()
}

// Parse reads a configuration from data. The name stands in errors, and its
// directory is what relative paths are resolved against. The function env looks a
// variable of the environment up; nil knows none. Mistakes are returned as
// [Errors].
func Parse(name string, data []byte, env func(string) (string, bool)) (*Config, error) {
	return parse(name, filepath.Dir(name), data, env)
}

func parse(name, dir string, data []byte, env func(string) (string, bool)) (*Config, error) {
	r := newReader(name, dir, env)
	c := New()
	if root := r.document(data); root != nil {
		r.config(root, c)
		if !r.mistyped[""] {
			check(r, c)
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	c.file, c.lines = name, make(map[string]int, len(r.nodes))
	for key, n := range r.nodes {
		c.lines[key] = n.Line
	}
	c.complete()
	return c, nil
}

// New returns a configuration with the defaults and nothing else.
func New() *Config {
	c := &Config{}
	shapes{}.setDefaults(c)
	return c
}

// complete sets what follows from other values.
func (c *Config) complete() {
	if c.State == "" && !c.bucket() && c.Destination != "" {
		c.State = filepath.Join(c.Destination, stateDir)
	}
	c.Transfer.PerHost = min(c.Transfer.PerHost, c.Transfer.Connections)
	for i := range c.Sources {
		c.Sources[i].complete()
	}
	for i := range c.Mirrors {
		c.Mirrors[i].complete()
	}
	if c.Watch != nil {
		for i := range c.Watch.Plant {
			c.Watch.Plant[i].complete()
		}
	}
	for i := range c.Repositories {
		c.Repositories[i].complete()
	}
}

// stateDir is the default name of the state directory in a destination.
const stateDir = ".mirrorkeeper"

func (c *Config) bucket() bool { return strings.HasPrefix(c.Destination, "s3://") }

// Validate checks that this version can do what the configuration asks for. The
// problems have [errors.ErrUnsupported] as their cause.
func (c *Config) Validate() error {
	var problems Errors
	unsupported := func(key, what string) {
		problems = append(problems, Problem{c.file, c.Line(key), key, what, errors.ErrUnsupported})
	}
	if c.bucket() {
		unsupported("destination", fmt.Sprintf("a bucket as destination is not supported yet (expected a directory, seen %q)", c.Destination))
	}
	if len(problems) > 0 {
		return problems.sorted()
	}
	return nil
}

// Line returns the line on which the value of a key such as
// "mirrors.web.packages[2]" begins, or else the one that holds it; 0 where the
// configuration came from no file.
func (c *Config) Line(key string) int {
	for ; key != ""; key = parent(key) {
		if line := c.lines[key]; line > 0 {
			return line
		}
	}
	return c.lines[""]
}

// Source returns the source of the name, nil if there is none.
func (c *Config) Source(name string) *Source {
	for i := range c.Sources {
		if c.Sources[i].Name == name {
			return &c.Sources[i]
		}
	}
	return nil
}

// Mirror returns the mirror of the name, nil if there is none.
func (c *Config) Mirror(name string) *Mirror {
	for i := range c.Mirrors {
		if c.Mirrors[i].Name == name {
			return &c.Mirrors[i]
		}
	}
	return nil
}
