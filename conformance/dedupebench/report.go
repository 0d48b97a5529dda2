package main

import (
	"fmt"
	"io"
	"strings"
)

// What AetherFS at its default chunk size may keep of what another tool keeps.
const (
	mostOfRestic = 0.85
	mostOfBorg   = 1.0
)

// row is what storing one data set came to.
type row struct {
	data  string
	plain int64            // bytes of all versions
	kept  map[string]int64 // bytes, by tool
	took  map[string]cost  // by tool
}

// ratio of the bytes that two tools keep.
func (r row) ratio(a, b string) float64 { return float64(r.kept[a]) / float64(r.kept[b]) }

// report prints the tables, as Markdown.
func report(w io.Writer, rows []row) {
	names := []string{}
	for _, t := range tools() {
		names = append(names, t.name)
	}
	heading(w, "stored, MB", append([]string{"plain"}, names...))
	for _, r := range rows {
		cells := []string{megabytes(r.plain)}
		for _, name := range names {
			cells = append(cells, megabytes(r.kept[name]))
		}
		line(w, r.data, cells)
	}
	fmt.Fprintln(w)

	var pairs []string
	for _, kib := range chunkKiB {
		pairs = append(pairs, fmt.Sprintf("%d KiB : restic", kib), ": borg")
	}
	heading(w, "ratio of stored bytes", pairs)
	for _, r := range rows {
		var cells []string
		for _, kib := range chunkKiB {
			for _, other := range []string{"restic", "borg"} {
				cells = append(cells, fmt.Sprintf("%.2f", r.ratio(aetherName(kib), other)))
			}
		}
		line(w, r.data, cells)
	}
	fmt.Fprintln(w)

	heading(w, "time (CPU), s", names)
	for _, r := range rows {
		var cells []string
		for _, name := range names {
			cells = append(cells, r.took[name].String())
		}
		line(w, r.data, cells)
	}
}

func heading(w io.Writer, first string, cells []string) {
	line(w, first, cells)
	fmt.Fprintf(w, "|---|%s\n", strings.Repeat("---:|", len(cells)))
}

func line(w io.Writer, first string, cells []string) {
	fmt.Fprintf(w, "| %s | %s |\n", first, strings.Join(cells, " | "))
}

func megabytes(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }

// verdict is an error that names each limit that was passed.
func verdict(rows []row) error {
	var over []string
	for _, r := range rows {
		for other, most := range map[string]float64{"restic": mostOfRestic, "borg": mostOfBorg} {
			if ratio := r.ratio(aetherName(defaultKiB), other); ratio > most {
				over = append(over, fmt.Sprintf("%s: %.3f of what %s keeps, at most %.2f allowed", r.data, ratio, other, most))
			}
		}
	}
	if over != nil {
		return fmt.Errorf("too many bytes: %s", strings.Join(over, "; "))
	}
	return nil
}
