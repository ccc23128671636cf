package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrorkeeper/mirrorkeeper/docs"
	"github.com/mirrorkeeper/mirrorkeeper/manual"
)

// sections are those of docs/commands.md by their titles; "" is what stands before them.
func sections() map[string]string {
	out := map[string]string{}
	title := ""
	for line := range strings.Lines(docs.Commands) {
		if after, ok := strings.CutPrefix(line, "## "); ok {
			title = strings.TrimSpace(after)
			continue
		}
		out[title] += line
	}
	return out
}

// topCommand is the command below the program's own that c belongs to.
func topCommand(c *cobra.Command) *cobra.Command {
	for c.HasParent() && c.Parent().HasParent() {
		c = c.Parent()
	}
	return c
}

// Every command and every flag that people see stands in docs/commands.md.
func TestReferenceHasEveryCommandAndFlag(t *testing.T) {
	said := sections()
	eachCommand(commandLine(), func(c *cobra.Command) {
		text := said[""]
		if c.HasParent() {
			section, ok := said[topCommand(c).Name()]
			if !ok {
				t.Errorf("docs/commands.md has no section %q", topCommand(c).Name())
				return
			}
			if !strings.Contains(section, strings.TrimPrefix(c.CommandPath(), "mirrorkeeper ")) && !strings.Contains(section, c.Name()) {
				t.Errorf("docs/commands.md: nothing about %s", c.CommandPath())
			}
			text += section
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && !regexp.MustCompile("--"+f.Name+`\b`).MatchString(text) {
				t.Errorf("docs/commands.md: %s does not have --%s: %s", c.CommandPath(), f.Name, f.Usage)
			}
		})
	})
}

var (
	codeSpan  = regexp.MustCompile("`[^`\n]+`")
	flagWord  = regexp.MustCompile(`(?:^|[\s\[(|])--([a-z][a-z0-9-]*)`)
	firstWord = regexp.MustCompile(`^[a-z][a-z_-]*`)
)

// Every section of docs/commands.md with the name of a command is one, and every flag
// that it names is one of a command.
func TestReferenceHasNothingElse(t *testing.T) {
	root := commandLine()
	flags := map[string][]string{} // of each command with its subcommands
	eachCommand(root, func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			flags[topCommand(c).Name()] = append(flags[topCommand(c).Name()], f.Name)
		})
	})
	global := append(flags["mirrorkeeper"], "help")
	for title, text := range sections() {
		if !regexp.MustCompile(`^[a-z][a-z_-]*$`).MatchString(title) {
			continue
		}
		if flags[title] == nil && !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == title }) {
			if _, err := os.Stat(filepath.Join("..", title)); err != nil {
				t.Errorf("docs/commands.md has a section %q, which is neither a command nor a program", title)
			}
			continue
		}
		for _, span := range codeSpan.FindAllString(text, -1) {
			span = strings.TrimPrefix(strings.Trim(span, "`"), "mirrorkeeper ")
			of := title
			if word := firstWord.FindString(span); word != "" {
				if of = word; flags[word] == nil {
					continue // another program's
				}
			}
			for _, m := range flagWord.FindAllStringSubmatch(span, -1) {
				known := slices.Contains(flags[of], m[1]) || slices.Contains(global, m[1])
				elsewhere := of == title && slices.ContainsFunc(slices.Collect(maps.Values(flags)), func(names []string) bool { return slices.Contains(names, m[1]) })
				if !known && !elsewhere {
					t.Errorf("docs/commands.md: %s names %q, but %s has no flag --%s", title, span, of, m[1])
				}
			}
		}
		for row := range strings.Lines(text) {
			cell, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " | ")
			if !strings.HasPrefix(row, "| `--") {
				continue
			}
			for _, m := range flagWord.FindAllStringSubmatch(strings.ReplaceAll(cell, "`", " "), -1) {
				if !slices.Contains(flags[title], m[1]) {
					t.Errorf("docs/commands.md: the table of %s has --%s, which is no flag of it", title, m[1])
				}
			}
		}
	}
}

// allPages are those of the program, of one day.
func allPages() map[string]string {
	return manPages(commandLine(), manual.About{Program: "mirrorkeeper", Version: "1.0", Date: time.Unix(1764547200, 0)})
}

// The pages have every command, with every flag that its help has.
func TestManPagesAgreeWithHelp(t *testing.T) {
	pages := allPages()
	eachCommand(commandLine(), func(c *cobra.Command) {
		name := "mirrorkeeper.1"
		if c.HasParent() {
			name = "mirrorkeeper-" + topCommand(c).Name() + ".1"
		}
		page, ok := pages[name]
		if !ok {
			t.Errorf("there is no page %s", name)
		}
		help := mirrorkeeper(append(strings.Fields(c.CommandPath())[1:], "--help")...)
		for _, m := range regexp.MustCompile(`(?m)^ +(?:-., )?--([a-z-]+)`).FindAllStringSubmatch(help.out, -1) {
			global := commandLine().PersistentFlags().Lookup(m[1]) != nil && c.HasParent()
			if m[1] != "help" && !global && !strings.Contains(page, `\-\-`+strings.ReplaceAll(m[1], "-", `\-`)) {
				t.Errorf("%s does not have --%s, which stands in the help", name, m[1])
			}
		}
	})
	programs, err := filepath.Glob("../*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, main := range programs {
		name := filepath.Base(filepath.Dir(main))
		imports, err := exec.CommandContext(t.Context(), "grep", "-lr", "cmd/internal/console", filepath.Dir(main)).Output()
		if err != nil && len(imports) == 0 && pages[name+".1"] == "" { // others write their pages themselves
			t.Errorf("there is no page of the program %s: docs/commands.md needs a section of its name", name)
		}
	}
}

// Neither man nor mandoc finds anything wrong with the pages.
func TestManPagesAreClean(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	man, mandoc := shell(t, "man"), shell(t, "mandoc")
	files := []string{}
	for name, text := range allPages() {
		files = append(files, write(t, filepath.Join(dir, name), text))
		if name != "mirrorkeeper.yaml.5" && !strings.Contains(text, `"2025\-12\-01"`) && !strings.Contains(text, `"2025-12-01"`) {
			t.Errorf("%s does not bear the date of the sources", name)
		}
	}
	slices.Sort(files)
	if out, err := exec.CommandContext(t.Context(), mandoc, append([]string{"-Tlint", "-Wwarning"}, files...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	c := exec.CommandContext(t.Context(), man, append([]string{"--warnings", "-l"}, files...)...)
	c.Env = []string{"LC_ALL=C.UTF-8", "MANWIDTH=90", "PAGER=cat", "PATH=" + os.Getenv("PATH")}
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil || stderr.Len() > 0 || strings.Count(string(out), "\nDESCRIPTION") != len(files) {
		t.Errorf("man -l: %v, %d of %d pages are formatted\n%s", err, strings.Count(string(out), "\nDESCRIPTION"), len(files), &stderr)
	}
}

// The command writes what the tests look at, where man finds it.
func TestManualWritesPages(t *testing.T) {
	dir := t.TempDir()
	if r := mirrorkeeper("manual", dir); r.code != 0 {
		t.Fatalf("exit code %d: %s", r.code, r.errs)
	}
	for _, name := range []string{"man1/mirrorkeeper.1", "man1/mirrorkeeper-key.1", "man1/check_mirror.1", "man5/mirrorkeeper.yaml.5"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(data), `.\"`) {
			t.Errorf("%s: %v, %.80q", name, err, data)
		}
	}
}

// A command that the reference does not know yet has a page all the same.
func TestCommandsWithoutReferenceHavePages(t *testing.T) {
	root := &cobra.Command{Use: "tool", Short: "Do things"}
	root.AddCommand(&cobra.Command{Use: "new THING", Short: "Make a thing", Long: "Makes a thing.\n\n  tool new x", Run: func(*cobra.Command, []string) {}})
	page := manual.About{Program: "tool", Version: "1", Date: time.Unix(0, 0)}.Commands(root, "# Commands\n")["tool-new.1"]
	for _, want := range []string{`.TH "TOOL\-NEW" "1" "1970-01-01" "tool 1"`, `tool\-new \- make a thing`, "tool new THING", "Makes a thing.", "tool new x"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
