// Package docs is the reference in Markdown, for the program to make its man pages of.
package docs

import _ "embed"

// Commands is commands.md: what every command does.
//
//go:embed commands.md
var Commands string

// Configuration is configuration.md: every key of the configuration file.
//
//go:embed configuration.md
var Configuration string
