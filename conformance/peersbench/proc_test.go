package main

import (
	"context"
	"os"
	"testing"
	"time"
)

func TestTimesAreReadBehindAnyName(t *testing.T) {
	const rest = " S 1 2 2 0 -1 4194560 100 0 0 0 150 25 7 8 20 0 9 0 12345 1 2"
	for _, name := range []string{"aetherfs", "a b", "x) S 1 2 (y", ""} {
		got, err := parseCPU("42 (" + name + ")" + rest)
		if want := 1750 * time.Millisecond; err != nil || got != want {
			t.Errorf("parseCPU of a program %q = %v, %v; want %v", name, got, err, want)
		}
	}
	for _, stat := range []string{"", "42 (a) S 1 2", "42 (a) S 1 2 2 0 -1 4194560 100 0 0 0 x 25 7 8"} {
		if got, err := parseCPU(stat); err == nil {
			t.Errorf("parseCPU(%q) = %v, want an error", stat, got)
		}
	}
}

func TestPeakIsInBytes(t *testing.T) {
	got, err := parsePeak("Name:\taetherfs\nVmPeak:\t  900 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n")
	if err != nil || got != 2<<20 {
		t.Errorf("parsePeak = %d, %v; want %d", got, err, 2<<20)
	}
	for _, status := range []string{"", "VmRSS:\t1 kB\n", "VmHWM:\tmuch\n"} {
		if got, err := parsePeak(status); err == nil {
			t.Errorf("parsePeak(%q) = %d, want an error", status, got)
		}
	}
}

func TestThisProcessCanBeLookedAt(t *testing.T) {
	p := process{os.Getpid()}
	if _, err := p.cpu(); err != nil {
		t.Error(err)
	}
	if n, err := p.peak(); err != nil || n <= 0 {
		t.Errorf("peak() = %d, %v; want more than 0", n, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.settled(gone); err == nil {
		t.Error("settled goes on when nobody waits for it")
	}
}

func TestPutsOfAllOutcomesAreAddedUp(t *testing.T) {
	const metrics = `# HELP aetherfs_store_requests_total Requests to the store, by kind and outcome.
aetherfs_store_requests_total{kind="get",outcome="ok"} 7
aetherfs_store_requests_total{kind="put",outcome="exists"} 2
aetherfs_store_requests_total{kind="put",outcome="ok"} 1.5e+03
`
	if got, err := parsePuts(metrics); err != nil || got != 1502 {
		t.Errorf("parsePuts = %d, %v; want 1502", got, err)
	}
}
