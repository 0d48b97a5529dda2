package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// report prints the tables, as Markdown: what is asked for, then all figures.
func report(w io.Writer, rows []row, specs []spec, s results) {
	judged(w, rows, specs, s)
	figureTable(w, "speed, MB/s or operations/s", rows, specs, s.speed)
	figureTable(w, "server CPU, s/GB or ms/operation", rows, specs, s.cost)
	figureTable(w, "peak memory, MiB", rows, specs, s.peakMiB)
}

// judged prints the goals, and what each build of AetherFS shows.
func judged(w io.Writer, rows []row, specs []spec, s results) {
	cells := []string{"measure", "must", "aim"}
	var builds []string
	for _, v := range specs {
		if v.kind == aetherFS {
			builds = append(builds, v.name)
			cells = append(cells, v.name, "")
		}
	}
	heads(w, "judged", cells)
	for _, r := range rows {
		for _, g := range r.goals {
			cells := []string{string(g.what), g.bound(g.must), g.bound(g.aim)}
			for _, name := range builds {
				value := s.value(r, name, g.what)
				verdict := ""
				if !math.IsNaN(value) {
					verdict = g.verdict(value)
				}
				cells = append(cells, number(value), verdict)
			}
			line(w, r.name, cells)
		}
	}
	fmt.Fprintln(w)
}

// figureTable prints one figure of every server, and how many times that of
// versitygw it is for the builds of AetherFS.
func figureTable(w io.Writer, title string, rows []row, specs []spec, of func(row, string) float64) {
	var cells []string
	for _, v := range specs {
		cells = append(cells, v.name)
	}
	for _, v := range specs {
		if v.kind == aetherFS {
			cells = append(cells, v.name+" : versitygw")
		}
	}
	heads(w, title, cells)
	for _, r := range rows {
		cells = cells[:0]
		for _, v := range specs {
			cells = append(cells, number(of(r, v.name)))
		}
		for _, v := range specs {
			if v.kind == aetherFS {
				cells = append(cells, number(of(r, v.name)/of(r, string(versityGW))))
			}
		}
		name := r.name
		if r.each {
			name += " (op)"
		}
		line(w, name, cells)
	}
	fmt.Fprintln(w)
}

func heads(w io.Writer, first string, cells []string) {
	line(w, first, cells)
	fmt.Fprintf(w, "|---|%s\n", strings.Repeat("---:|", len(cells)))
}

func line(w io.Writer, first string, cells []string) {
	fmt.Fprintf(w, "| %s | %s |\n", first, strings.Join(cells, " | "))
}

// number writes three digits or more of a value.
func number(value float64) string {
	switch {
	case math.IsNaN(value):
		return "–"
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10:
		return fmt.Sprintf("%.1f", value)
	case value >= 0.1:
		return fmt.Sprintf("%.2f", value)
	default:
		return fmt.Sprintf("%.3f", value)
	}
}
