package main

import "math"

// results are the figures of all rounds, by row and server.
type results map[string]map[string][]figures

func (s results) add(r row, name string, f figures) {
	if s[r.name] == nil {
		s[r.name] = map[string][]figures{}
	}
	s[r.name][name] = append(s[r.name][name], f)
}

// median is that of a figure over the rounds.
func (s results) median(r row, name string, of func(figures) float64) float64 {
	var values []float64
	for _, f := range s[r.name][name] {
		values = append(values, of(f))
	}
	return median(values)
}

func (s results) speed(r row, name string) float64 {
	return s.median(r, name, func(f figures) float64 { return f.speed(r.each) })
}

func (s results) cost(r row, name string) float64 {
	return s.median(r, name, func(f figures) float64 { return f.cost(r.each) })
}

func (s results) peakMiB(r row, name string) float64 {
	return s.median(r, name, func(f figures) float64 { return float64(f.peak) / mib })
}

// value is what a server shows of a measure; not a number if it was not
// measured.
func (s results) value(r row, name string, m measure) float64 {
	switch m {
	case cpuRatio:
		return s.cost(r, name) / s.cost(r, string(versityGW))
	case wallRatio:
		return s.speed(r, name) / s.speed(r, string(versityGW))
	case rcloneRatio:
		return s.speed(r, name) / s.speed(r, string(rclone))
	case smaller:
		return s.median(r, name, func(f figures) float64 { return float64(f.bytes) / float64(f.stored) })
	case putsPerFsync:
		return s.median(r, name, func(f figures) float64 { return float64(f.ops) / float64(fsyncsOfPut*f.puts) })
	}
	return math.NaN()
}

// fsyncsOfPut is how many times the store in a folder syncs at most for an
// object: the file, and the folder that has its name.
const fsyncsOfPut = 2
