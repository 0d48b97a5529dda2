package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A kind of server decides how it is started and what it is asked beside S3.
type kind string

const (
	aetherFS  kind = "aetherfs"
	versityGW kind = "versitygw"
	keepAlive kind = "versitygw-keep-alive" // which versitygw has to be told
	rclone    kind = "rclone"
)

// programs are where the targets of the Makefile put them, from the
// repository's top.
var programs = map[kind]string{
	aetherFS:  "bin/aetherfs",
	versityGW: "bin/versitygw",
	keepAlive: "bin/versitygw",
	rclone:    "bin/rclone-v1.76.0",
}

// spec is a server to be measured.
type spec struct {
	name    string // in the tables
	kind    kind
	program string // absolute path
}

// parseSpecs reads names with commas between. One of the kinds stands for its
// program, and "name=path" for another build of it: of AetherFS where the name
// is not a kind's.
func parseSpecs(list string) ([]spec, error) {
	var specs []spec
	for item := range strings.SplitSeq(list, ",") {
		name, program, given := strings.Cut(item, "=")
		s := spec{name: name, kind: kind(name)}
		usual, known := programs[s.kind]
		switch {
		case name == "":
			return nil, fmt.Errorf("server %q has no name", item)
		case slices.ContainsFunc(specs, func(s spec) bool { return s.name == name }):
			return nil, fmt.Errorf("server %q is named twice", name)
		case !known && !given:
			return nil, fmt.Errorf("server %q is none of aetherfs, versitygw, versitygw-keep-alive, rclone; another build is name=path", name)
		case !known:
			s.kind = aetherFS
		case !given:
			program = usual
		}
		var err error
		if s.program, err = filepath.Abs(program); err != nil {
			return nil, err
		}
		specs = append(specs, s)
	}
	return specs, nil
}
