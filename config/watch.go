package config

import "time"

// Watch says which mirror sites are watched, and how.
type Watch struct {
	// Host and port that the results are served on. Default 127.0.0.1:8080.
	Listen string `yaml:"listen" jsonschema:"default=127.0.0.1:8080"`
	// Where the history is kept: sqlite for a file in the state directory, or the
	// address of a PostgreSQL database. Default sqlite.
	Store Secret `yaml:"store,url" jsonschema:"default=sqlite" schemes:"postgres,postgresql" or:"sqlite"`
	// Time between two looks at a site. Default 90s.
	Period time.Duration `yaml:"period" jsonschema:"default=90s"`
	// Repositories that sites are judged by, by name.
	Repositories []WatchedRepository `yaml:"repositories,named" jsonschema:"required"`
	// Timestamps to plant at the origin.
	Plant []Plant `yaml:"plant"`
	// Sites to watch.
	Sites []Site `yaml:"sites"`
}

// WatchedRepository is what sites are judged by: the generations of a source, or
// timestamps in directories.
type WatchedRepository struct {
	Name string `yaml:"-"`
	// Name of the source that tells which generations there are.
	Source string `yaml:"source"`
	// Directories that hold a timestamp each.
	Directories []string `yaml:"directories" jsonschema:"minItems=1"`
	// Name of the file of the timestamp. Default .timestamp.
	Stamp string `yaml:"stamp" jsonschema:"default=.timestamp"`
}

// Plant is a place that timestamps are written to.
type Plant struct {
	// Address of the directory that holds the repository's directories.
	To string `yaml:"to,url" jsonschema:"required" schemes:"sftp,file"`
	// Name of the repository, one with directories.
	Repository string `yaml:"repository" jsonschema:"required" means:"the name of a repository"`
	// Time between two timestamps. Default 60s.
	Every time.Duration `yaml:"every" jsonschema:"default=60s"`
}

// Site is a mirror that others run.
type Site struct {
	// Address of the site.
	URL string `yaml:"url,url" jsonschema:"required" schemes:"http,https"`
	// Names of the repositories that the site serves.
	Repositories []string `yaml:"repositories" jsonschema:"required,minItems=1" means:"the name of a repository"`
	// Country of the site, two letters of ISO 3166-1.
	Country string `yaml:"country" jsonschema:"pattern=^[A-Z]{2}$"`
}
