package main

import (
	"path/filepath"
	"testing"
)

func TestSpecs(t *testing.T) {
	specs, err := parseSpecs("aetherfs,old=/builds/old,rclone=/builds/rclone,versitygw")
	if err != nil {
		t.Fatal(err)
	}
	usual := func(path string) string {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := []spec{
		{"aetherfs", aetherFS, usual("bin/aetherfs")},
		{"old", aetherFS, "/builds/old"},
		{"rclone", rclone, "/builds/rclone"},
		{"versitygw", versityGW, usual("bin/versitygw")},
	}
	for i := range want {
		if specs[i] != want[i] {
			t.Errorf("server %d is %+v, want %+v", i, specs[i], want[i])
		}
	}
	for _, list := range []string{"", "unknown", "=path", "aetherfs,aetherfs", "aetherfs,"} {
		if got, err := parseSpecs(list); err == nil {
			t.Errorf("parseSpecs(%q) = %+v, want an error", list, got)
		}
	}
}

func TestEveryServerIsFirstInTurn(t *testing.T) {
	s := &scene{servers: []*server{{}, {}, {}}}
	first := map[*server]int{}
	for turn := range 6 {
		all := s.inTurn(turn)
		if len(all) != 3 || all[0] == all[1] || all[1] == all[2] || all[0] == all[2] {
			t.Fatalf("turn %d does not have each server once", turn)
		}
		first[all[0]]++
	}
	for _, v := range s.servers {
		if first[v] != 2 {
			t.Errorf("a server is first %d times of 6, want 2", first[v])
		}
	}
}
