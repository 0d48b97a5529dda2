package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		goal  goal
		value float64
		want  string
	}{
		{cpu(0.4, 0.25), 0.25, "aim"},
		{cpu(0.4, 0.25), 0.26, "pass"},
		{cpu(0.4, 0.25), 0.41, "**miss**"},
		{speed(1.0, 1.2), 1.2, "aim"},
		{speed(1.0, 1.2), 1.0, "pass"},
		{speed(1.0, 1.2), 0.99, "**miss**"},
		{speed(0, 1.5), 1.4, "below the aim"},
		{perFsync(10), 10, "pass"},
	} {
		if got := c.goal.verdict(c.value); got != c.want {
			t.Errorf("%+v of %v = %q, want %q", c.goal, c.value, got, c.want)
		}
	}
}

func TestTablesHaveALineForEachGoalAndEachRow(t *testing.T) {
	specs, err := parseSpecs("aetherfs,old=/old,versitygw")
	if err != nil {
		t.Fatal(err)
	}
	rows := []row{row{name: "PUT"}.to(cpu(1.3, 0), speed(1, 1.2)), {name: "HEAD", each: true}}
	s := results{}
	for i, v := range specs {
		s.add(rows[0], v.name, figures{amount: amount{1e9, 1}, wall: time.Second, cpu: time.Duration(i+1) * time.Second})
	}
	var out bytes.Buffer
	report(&out, rows, specs, s)
	for _, want := range []string{
		"| PUT | CPU : versitygw | ≤ 1.30 |  | 0.33 | pass | 0.67 | pass |\n",
		"| PUT | speed : versitygw | ≥ 1.00 | ≥ 1.20 | 1.00 | pass | 1.00 | pass |\n",
		"| PUT | 1.00 | 2.00 | 3.00 | 0.33 | 0.67 |\n",
		"| HEAD (op) | – | – | – | – | – |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report has no line %q:\n%s", want, out.String())
		}
	}
}

func TestRowsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.name] {
			t.Errorf("two rows are named %q", r.name)
		}
		seen[r.name] = true
	}
	if _, err := matching("no such row"); err == nil {
		t.Error("an expression that matches no row is taken")
	}
}
