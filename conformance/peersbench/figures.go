package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// figures are what one turn cost.
type figures struct {
	amount
	wall   time.Duration
	cpu    time.Duration // of the server, until it was idle again
	peak   int64         // bytes resident at most
	stored int64         // bytes that the folder grew by, where a goal asks
	puts   int64         // objects that AetherFS put to its store, where a goal asks
}

// speed is in MB/s, or in operations a second.
func (f figures) speed(each bool) float64 {
	if each {
		return float64(f.ops) / f.wall.Seconds()
	}
	return float64(f.bytes) / 1e6 / f.wall.Seconds()
}

// cost is in CPU seconds a GB, or milliseconds an operation.
func (f figures) cost(each bool) float64 {
	if each {
		return f.cpu.Seconds() * 1e3 / float64(f.ops)
	}
	return f.cpu.Seconds() / (float64(f.bytes) / 1e9)
}

// measure prepares a turn and does its work, with the clock running. The server
// is idle before it and after it, and so is the disk.
func (r row) measure(ctx context.Context, t *turn) (f figures, err error) {
	if err := r.prepare(ctx, t); err != nil {
		return f, fmt.Errorf("prepare: %w", err)
	}
	before, err := r.counts(ctx, t)
	if err != nil {
		return f, err
	}
	if err := t.forgetPeak(); err != nil {
		return f, err
	}
	began := time.Now()
	f.amount, err = r.work(ctx, t)
	f.wall = time.Since(began)
	if err != nil {
		return f, err
	}
	after, err := r.counts(ctx, t)
	if err != nil {
		return f, err
	}
	f.cpu, f.stored, f.puts = after.cpu-before.cpu, after.stored-before.stored, after.puts-before.puts
	if f.peak, err = t.peak(); err == nil && r.check != nil {
		err = r.check(t)
	}
	return f, err
}

// counts are those of an idle server, as figures that only grow.
func (r row) counts(ctx context.Context, t *turn) (f figures, err error) {
	if err := syncDisk(t.dir); err != nil {
		return f, err
	}
	if r.asks(smaller) {
		if f.stored, err = folderBytes(t.data()); err != nil {
			return f, err
		}
	}
	if r.asks(putsPerFsync) && t.kind == aetherFS {
		if f.puts, err = storePuts(ctx, t.url); err != nil {
			return f, err
		}
	}
	f.cpu, err = t.settled(ctx)
	return f, err
}

func (r row) asks(m measure) bool {
	for _, g := range r.goals {
		if g.what == m {
			return true
		}
	}
	return false
}

// syncDisk writes out what a server has left to the system, so that the next
// one does not wait for it.
func syncDisk(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

// folderBytes is the size of the files below dir.
func folderBytes(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// storePuts asks AetherFS how many objects it has put to its store.
func storePuts(ctx context.Context, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(accessKey, secretKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return parsePuts(string(text))
}

// parsePuts adds up the requests to put an object that a page of metrics tells.
func parsePuts(metrics string) (puts int64, err error) {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, `aetherfs_store_requests_total{kind="put"`) {
			_, value, _ := cutLast(strings.TrimSpace(line), " ")
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("metric %q: %w", line, err)
			}
			puts += int64(n)
		}
	}
	return puts, nil
}
