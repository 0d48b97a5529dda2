package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every
// architecture that Go runs on with Linux.
const tick = 10 * time.Millisecond

// A server is idle when it has used less than a tick in each of two looks, one
// after the other. One that never is is measured as it is after idleBy.
const (
	lookEvery = 100 * time.Millisecond
	idleBy    = 10 * time.Second
)

// parseCPU returns the time in user and system mode that a line of
// /proc/PID/stat tells.
func parseCPU(stat string) (time.Duration, error) {
	// The name of the program, in parentheses, may hold anything.
	_, rest, ok := cutLast(stat, ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, fmt.Errorf("process times %q: too few fields", stat)
	}
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, fields 14 and 15 of all
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("process times: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// cutLast is strings.Cut at the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// parsePeak returns the bytes of the largest resident set that
// /proc/PID/status tells.
func parsePeak(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process status has no VmHWM")
}

// A process is looked at through /proc.
type process struct{ pid int }

func (p process) file(name string) string { return fmt.Sprintf("/proc/%d/%s", p.pid, name) }

// cpu is the processor time used so far.
func (p process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(p.file("stat"))
	if err != nil {
		return 0, err
	}
	return parseCPU(string(stat))
}

// peak is the largest resident set since the last forgetPeak, in bytes.
func (p process) peak() (int64, error) {
	status, err := os.ReadFile(p.file("status"))
	if err != nil {
		return 0, err
	}
	return parsePeak(string(status))
}

// forgetPeak makes what is resident now the largest.
func (p process) forgetPeak() error {
	return os.WriteFile(p.file("clear_refs"), []byte("5"), 0)
}

// settled waits until the process does nothing, at most for idleBy, and
// returns the processor time used until then.
func (p process) settled(ctx context.Context) (time.Duration, error) {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	used, err := p.cpu()
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for quiet := 0; quiet < 2 && time.Since(began) < idleBy; {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-looks.C:
		}
		now, err := p.cpu()
		if err != nil {
			return 0, err
		}
		if now == used {
			quiet++
		} else {
			quiet = 0
		}
		used = now
	}
	return used, nil
}
