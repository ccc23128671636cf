package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// TestImage builds the image as its Containerfile says, runs it as its user, and asks the
// watcher in it for its health. All metrics that the alerts are about are there.
func TestImage(t *testing.T) {
	t.Parallel()
	buildah := need(t, "buildah")
	needRoot(t)
	dir := tempDir(t)
	does := func(name string, args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), name, args...)
		c.Env = environment(dir, "CGO_ENABLED=0", "GOCACHE="+goCache(t), "GOPATH="+goPath(t), "GOFLAGS=-buildvcs=false")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	content := filepath.Join(dir, "content")
	does("go", "build", "-trimpath", "-o", filepath.Join(content, "bin/mirrorkeeper"), "../cmd/mirrorkeeper")
	copyTree(t, filepath.Join(content, "deploy"), "../deploy")
	storage := []string{"--root", filepath.Join(dir, "storage"), "--runroot", filepath.Join(dir, "run"), "--storage-driver", "vfs"}
	image := func(args ...string) string {
		t.Helper()
		return does(buildah, append(slices.Clone(storage), args...)...)
	}
	image("build", "--isolation", "chroot", "--file", filepath.Join(content, "deploy/Containerfile"), "--tag", "mirrorkeeper", content)
	image("from", "--name", "it", "mirrorkeeper")

	port, tree := freePort(t), filepath.Join(dir, "tree")
	write(t, filepath.Join(tree, "a/.timestamp"), fmt.Sprintln(time.Now().Unix()))
	source := repotest.Serve(t, tree)
	etc := filepath.Join(dir, "etc")
	write(t, filepath.Join(etc, "mirrorkeeper.yaml"), fmt.Sprintf(`state: /state
watch:
  listen: 127.0.0.1:%d
  period: 300ms
  repositories: {pub: {directories: a, url: %q}}
  sites: [{url: %q, repositories: pub}]
`, port, source.URL, source.URL))
	command := strings.Fields(strings.Trim(image("inspect", "--format", "{{.OCIv1.Config.Entrypoint}}{{.OCIv1.Config.Cmd}}", "it"), "[]\n"))
	command = strings.Fields(strings.ReplaceAll(strings.Join(command, " "), "][", " "))
	run := exec.Command(buildah, append(append(slices.Clone(storage), "run", "--isolation", "chroot", "--volume", etc+":/etc/mirrorkeeper:ro", "it", "--"), command...)...)
	run.Env = environment(dir)
	background(t, "", run)
	awaitPort(t, port, "")
	w := &watcher{t: t, url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	if got := w.get("/healthz"); got != "ok\n" {
		t.Errorf("health: %q", got)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if r, err := http.Get(w.url + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("it is not ready")
		}
	}
	w.await(map[string]string{source.URL: "IN_SYNC"})
	mounted := strings.TrimSpace(image("mount", "it"))
	if info, err := os.Stat(filepath.Join(mounted, "state")); err != nil || !info.IsDir() {
		t.Errorf("the state: %v", err)
	}
	metrics := w.get("/metrics")
	for _, name := range alerted(t) {
		// Those of generations and of certificates are there where there are such.
		if !strings.Contains(metrics, name) && !strings.Contains(name, "tls") && !strings.Contains(name, "planted") {
			t.Errorf("an alert is about %s, which there is not:\n%s", name, metrics)
		}
	}
}

// alerted are the metrics that the alert rules are about.
func alerted(t *testing.T) []string {
	t.Helper()
	rules, err := os.ReadFile("../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, expression := range regexp.MustCompile(`(?m)^ *expr: (.*)$`).FindAllStringSubmatch(string(rules), -1) {
		names = append(names, regexp.MustCompile(`\b(mirror|source|watch)_[a-z_]+`).FindAllString(expression[1], -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// goCache and goPath are those of whoever runs the tests: what is built already need not be
// built again.
func goCache(t *testing.T) string { t.Helper(); return goVariable(t, "GOCACHE") }
func goPath(t *testing.T) string  { t.Helper(); return goVariable(t, "GOPATH") }

func goVariable(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestUnit has systemd read the unit of the watcher, and measure what it may do: the scale
// goes to 100, and most services of a system are above 90.
func TestUnit(t *testing.T) {
	t.Parallel()
	analyze := need(t, "systemd-analyze")
	content, err := os.ReadFile("../deploy/mirrorkeeper-watch.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(tempDir(t), "mirrorkeeper-watch.service")
	write(t, unit, strings.Replace(string(content), "ExecStart=/usr/bin/mirrorkeeper", "ExecStart="+binary, 1))
	for _, args := range [][]string{
		{"verify", "--man=no", unit},
		{"security", "--offline=true", "--threshold=20", "--no-pager", unit},
	} {
		c := exec.Command(analyze, args...)
		c.Env = environment(filepath.Dir(unit))
		out, err := c.CombinedOutput()
		if err != nil || args[0] == "verify" && strings.Contains(string(out), "mirrorkeeper-watch") {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// TestAlerts has Prometheus read the alert rules, and shows that they fire.
func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool := need(t, "promtool")
	rules, err := filepath.Abs("../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cases := filepath.Join(tempDir(t), "cases.yaml")
	write(t, cases, fmt.Sprintf(`rule_files: [%s]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'mirror_state{mirror="m",repository="r",state="FOREIGN"}', values: '0x10 1x200'}
      - {series: 'mirror_lag_seconds{mirror="m",repository="r"}', values: '0x10 90000x200'}
    alert_rule_test:
      - {eval_time: 5m, alertname: MirrorForeign, exp_alerts: []}
      - eval_time: 30m
        alertname: MirrorForeign
        exp_alerts:
          - exp_labels: {severity: critical, mirror: m, repository: r, state: FOREIGN}
            exp_annotations: {summary: m serves content of r that the source never published}
      - eval_time: 60m
        alertname: MirrorBehind
        exp_alerts:
          - exp_labels: {severity: warning, mirror: m, repository: r}
            exp_annotations: {summary: m has been behind with r for 1d 1h 0m 0s}
`, rules))
	for _, args := range [][]string{{"check", "rules", rules}, {"test", "rules", cases}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args[:2], " "), err, out)
		}
	}
}
