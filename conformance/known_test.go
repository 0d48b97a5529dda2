package conformance

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// whole is set where the build tag asks for everything: the clients built with
// Go too, and every client on every store.
var whole bool

// failures are the rows of known.txt: the test's name, a space, the reason.
type failures struct {
	mu      sync.Mutex
	reasons map[string]string // guarded by mu; by test name
	met     map[string]bool   // guarded by mu; the rows whose test ran
}

var known *failures

// readKnown reads a list of failures. Empty lines and those that begin with #
// are comments.
func readKnown(path string) (*failures, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	f := &failures{reasons: map[string]string{}, met: map[string]bool{}}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, " ")
		if !ok || f.reasons[name] != "" {
			return nil, fmt.Errorf("%s: row %q is without a reason, or there twice", path, line)
		}
		f.reasons[name] = strings.TrimSpace(reason)
	}
	return f, lines.Err()
}

// judge fails the test if err is a failure that known.txt does not name, or
// none where it names one.
func (f *failures) judge(t *testing.T, err error) {
	t.Helper()
	f.mu.Lock()
	reason, listed := f.reasons[t.Name()]
	f.met[t.Name()] = true
	f.mu.Unlock()
	switch {
	case err != nil && listed:
		t.Logf("known: %s: %v", reason, err)
	case err != nil:
		t.Error(err)
	case listed:
		t.Errorf("passes now: take its row out of known.txt (%s)", reason)
	}
}

// unmet lists the rows whose test did not run. Those of the tools count only
// in a whole run.
func (f *failures) unmet() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name := range f.reasons {
		if !f.met[name] && (whole || !strings.HasPrefix(name, "TestTools")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestKnownFailuresAreJudged(t *testing.T) {
	for _, text := range []string{"TestX/a\n", "TestX/a one\nTestX/a two\n"} {
		path := t.TempDir() + "/known.txt"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readKnown(path); err == nil {
			t.Errorf("readKnown(%q): no error", text)
		}
	}
}
