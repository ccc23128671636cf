package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/manual"
)

// shownCommand is a command line of the program that a document shows.
type shownCommand struct {
	where string
	words []string
	// synopsis is set where it says what may be typed, not what is typed.
	synopsis bool
}

// shownCommands are those of all documents, and of what the commands say of themselves.
func shownCommands(t *testing.T) (out []shownCommand) {
	t.Helper()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, commandsOf(filepath.Base(file), manual.Parse(string(data)))...)
	}
	eachCommand(commandLine(), func(c *cobra.Command) {
		indented := regexp.MustCompile(`(?m)^  .*$`).FindAllString(c.Long, -1)
		out = append(out, commandLinesOf(c.CommandPath()+" --help", strings.Join(indented, "\n"))...)
	})
	return out
}

// commandsOf are the lines of code in a document, and code within its texts.
func commandsOf(where string, blocks []manual.Block) (out []shownCommand) {
	for _, b := range blocks {
		switch b.Kind {
		case manual.Code:
			out = append(out, commandLinesOf(where, b.Text)...)
		case manual.List:
			for _, item := range b.Items {
				out = append(out, commandsOf(where, item)...)
			}
		default:
			texts := append([]string{b.Text}, concat(b.Rows)...)
			for _, text := range texts {
				for _, span := range regexp.MustCompile("`[^`]+`").FindAllString(text, -1) {
					out = append(out, commandLinesOf(where, strings.ReplaceAll(strings.Trim(span, "`"), "\n", " "))...)
				}
			}
		}
	}
	return out
}

func concat(rows [][]string) (out []string) {
	for _, row := range rows {
		out = append(out, row...)
	}
	return out
}

// commandLinesOf takes the lines that begin with the program's name, as shells read them.
func commandLinesOf(where, text string) (out []shownCommand) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "bin/")
		line = strings.TrimPrefix(line, "sudo -u mirrorkeeper ")
		if rest, ok := strings.CutPrefix(line, "mirrorkeeper "); ok {
			words, synopsis := shellWords(rest)
			out = append(out, shownCommand{where + ": mirrorkeeper " + strings.TrimSpace(rest), words, synopsis})
		}
	}
	return out
}

// shellWords splits a line up to where the shell would end the command: at a comment, a
// redirection or another command. Brackets, bars without spaces and dots outside of
// quotes tell a synopsis.
func shellWords(line string) (words []string, synopsis bool) {
	word, open, quote := "", false, rune(0)
	flush := func() {
		if open {
			words = append(words, word)
		}
		word, open = "", false
	}
	runes := []rune(line)
	for i, r := range runes {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '"' || r == '\'':
			quote, open = r, true
		case r == ' ':
			flush()
		case !open && (r == '#' || r == '>' || r == ';' || r == '|' || r == '&'):
			return words, synopsis
		case r == '|' && i+1 < len(runes) && runes[i+1] == ' ' || r == ';':
			flush()
			return words, synopsis
		default:
			if r == '[' || r == '|' {
				synopsis = true
			}
			word, open = word+string(r), true
		}
		if strings.HasSuffix(word, "...") || word == "COMMAND" {
			synopsis = true
		}
	}
	flush()
	return words, synopsis
}

// Every command that the documentation shows is one that the program accepts, as far as
// can be told without running it.
func TestShownCommandsAreAccepted(t *testing.T) {
	shown := shownCommands(t)
	for _, s := range shown {
		if err := accepts(s); err != nil {
			t.Errorf("%s: %v", s.where, err)
		}
	}
	if len(shown) < 80 {
		t.Errorf("only %d commands are found in the documentation", len(shown))
	}
}

func accepts(s shownCommand) error {
	root := commandLine()
	if len(s.words) == 0 || s.words[0] == "COMMAND" {
		return nil
	}
	c, rest, err := root.Find(s.words)
	if err != nil {
		return err
	}
	if c == root {
		for _, word := range rest {
			if !strings.HasPrefix(word, "-") {
				return fmt.Errorf("there is no command %s", word)
			}
		}
	}
	c.InitDefaultHelpFlag()
	if s.synopsis {
		for _, word := range rest {
			for _, m := range regexp.MustCompile(`(?:^|[\[|(])--([a-z][a-z-]*)`).FindAllStringSubmatch(word, -1) {
				known := c.Flags().Lookup(m[1]) != nil || c.InheritedFlags().Lookup(m[1]) != nil
				eachCommand(c, func(sub *cobra.Command) { known = known || sub.Flags().Lookup(m[1]) != nil })
				if !known {
					return fmt.Errorf("%s has no flag --%s", c.CommandPath(), m[1])
				}
			}
		}
		return nil
	}
	if err := c.ParseFlags(rest); err != nil {
		// A flag that a text names without its value is right, too.
		if last := rest[len(rest)-1]; strings.HasPrefix(last, "--") && strings.Contains(err.Error(), "needs an argument") {
			return nil
		}
		return err
	}
	if strings.Contains(s.where, ".md") && len(c.Flags().Args()) == 0 {
		return nil // a text speaks of the command
	}
	return c.ValidateArgs(c.Flags().Args())
}

// The configuration of the packages is in nobody's way: what works without any works
// beside it.
func TestPackagedConfigurationAsksForNothing(t *testing.T) {
	data, err := os.ReadFile("../../deploy/package/mirrorkeeper.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			t.Errorf("the configuration of the packages says something: %s", line)
		}
	}
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "mirrorkeeper.yaml", string(data))
	for _, args := range []string{
		"key generate ./key.asc", "key show ./key.asc", "create ours --type deb --destination repo --allow-empty --add", "key export ours --destination repo",
		"verify repo/ours", "compare-versions deb 1 lt 2", "version",
	} {
		if r := mirrorkeeper(strings.Fields(args)...); r.code != 0 {
			t.Errorf("mirrorkeeper %s: exit code %d: %s", args, r.code, r.errs)
		}
	}
	if r := mirrorkeeper("sync"); r.code != exitUsage {
		t.Errorf("sync: exit code %d: %s", r.code, r.errs)
	}
	// With the marks taken away it is a configuration.
	text := regexp.MustCompile(`(?m)^# ?(destination|sources|mirrors|state|watch|  )`).ReplaceAllString(string(data), "$1")
	write(t, "mirrorkeeper.yaml", regexp.MustCompile(`(?m)^  (install|sudo|systemctl).*$`).ReplaceAllString(text, ""))
	a := &app{config: "mirrorkeeper.yaml"}
	a.Env = func(string) (string, bool) { return "", false }
	if _, err := a.loadConfig(); err != nil {
		t.Errorf("what the comments show: %v", err)
	}
}
