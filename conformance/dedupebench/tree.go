package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The source tree: 5,000 files whose sizes are log-normal, as those of real
// trees are. A version edits 5 % of the files and adds 1 %.
const (
	treeFiles   = 5000
	medianBytes = 4 << 10
	sizeSpread  = 1.1 // sigma of the logarithm
	maxEdits    = 4   // places in an edited file
	editedShare = 0.05
	addedShare  = 0.01
	repeated    = 0.35 // of the blocks in a file
)

func makeSource(_ context.Context, s source) ([]string, error) {
	c := newCoder(s.rng(rngSource))
	tree := map[string]string{} // path to text
	for range s.n(treeFiles) {
		c.add(tree)
	}
	return s.versions(func(v int, dir string) error {
		if v > 1 {
			c.change(tree)
		}
		return writeTree(dir, tree)
	})
}

func writeTree(dir string, tree map[string]string) error {
	for path, text := range tree {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// coder writes text that compresses as source code does. By zstd's level 3 its
// files shrink 4.3 times one by one and 5.7 times in runs of 256 KiB; those of
// Kubernetes v1.32.1 shrink 3.8 and 5.2 times.
type coder struct {
	rng   *rand.Rand
	words []string
	zipf  *rand.Zipf
	files int // written so far
}

func newCoder(rng *rand.Rand) *coder {
	words := newWords(rng, 3000)
	return &coder{rng: rng, words: words, zipf: rand.NewZipf(rng, 1.2, 10, uint64(len(words)-1))}
}

// add writes a new file.
func (c *coder) add(tree map[string]string) {
	c.files++
	path := fmt.Sprintf("%s/%s/%s_%d.go", c.words[c.rng.IntN(12)], c.words[c.rng.IntN(60)], c.word(), c.files)
	tree[path] = c.file(int(medianBytes * math.Exp(sizeSpread*c.rng.NormFloat64())))
}

// change makes the next version of tree.
func (c *coder) change(tree map[string]string) {
	paths := slices.Sorted(maps.Keys(tree))
	for _, i := range c.rng.Perm(len(paths))[:int(float64(len(paths))*editedShare)] {
		tree[paths[i]] = c.edit(tree[paths[i]])
	}
	for range int(float64(len(paths)) * addedShare) {
		c.add(tree)
	}
}

// edit replaces or inserts a line at one to maxEdits places.
func (c *coder) edit(text string) string {
	lines := strings.SplitAfter(text, "\n")
	names := c.names()
	for range 1 + c.rng.IntN(maxEdits) {
		i := c.rng.IntN(len(lines))
		replaced := c.rng.IntN(2)
		lines = slices.Replace(lines, i, min(i+replaced, len(lines)), c.line(names))
	}
	return strings.Join(lines, "")
}

// file writes at least size bytes of code that uses names of its own.
func (c *coder) file(size int) string {
	names := c.names()
	var b strings.Builder
	b.WriteString(licence)
	fmt.Fprintf(&b, "package %s\n\n", c.word())
	var blocks []string
	for b.Len() < size {
		block := c.block(names, blocks)
		blocks = append(blocks, block)
		b.WriteString(block)
	}
	return b.String()
}

// block writes a few lines: new ones, or some that came before with a few
// names changed, for code repeats itself.
func (c *coder) block(names, before []string) string {
	if len(before) > 0 && c.rng.Float64() < repeated {
		block := before[c.rng.IntN(len(before))]
		for range c.rng.IntN(3) {
			block = strings.ReplaceAll(block, c.pick(names), c.pick(names))
		}
		return block
	}
	var b strings.Builder
	for range 1 + c.rng.IntN(8) {
		b.WriteString(c.line(names))
	}
	return b.String()
}

// pick prefers the first names.
func (c *coder) pick(names []string) string {
	return names[int(float64(len(names))*math.Pow(c.rng.Float64(), 2))]
}

// names returns the identifiers of a file.
func (c *coder) names() []string {
	names := make([]string, 12+c.rng.IntN(30))
	for i := range names {
		names[i] = c.word()
		for range c.rng.IntN(3) {
			w := c.word()
			names[i] += strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return names
}

func (c *coder) word() string { return c.words[c.zipf.Uint64()] }

// line writes one of the usual statements, or a comment, with names in place
// of each $.
func (c *coder) line(names []string) string {
	pattern := patterns[c.rng.IntN(len(patterns))]
	var b strings.Builder
	for _, r := range pattern {
		switch r {
		case '$':
			b.WriteString(c.pick(names))
		case '~':
			b.WriteString(c.word())
		case '#':
			fmt.Fprint(&b, c.rng.IntN(200))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

const licence = `/*
Copyright the authors of this tree.

Licensed under the Apache License, Version 2.0 (the "License"); you may not
use this file except in compliance with the License. You may obtain a copy of
the License at http://www.apache.org/licenses/LICENSE-2.0
*/

`

// patterns of lines: $ is one of the file's names, ~ a word, # a number.
var patterns = []string{
	"\tif err != nil {\n\t\treturn nil, err\n\t}\n",
	"\tif err != nil {\n\t\treturn fmt.Errorf(\"~ ~ ~: %w\", err)\n\t}\n",
	"func (s *$) $(ctx context.Context, $ string) (*$, error) {\n",
	"\treturn $, nil\n}\n\n",
	"\t$ := $.$(ctx, $)\n",
	"\t$, err := $.$($, $)\n",
	"\tfor _, $ := range $.$ {\n\t\t$($)\n\t}\n",
	"\tif $ == nil || len($.$) > # {\n\t\t$.$ = $\n\t}\n",
	"\t\t{name: \"~ ~ ~\", $: \"$\", $: #},\n",
	"\t$.$ = append($.$, $)\n",
	"type $ struct {\n\t$ string `json:\"$,omitempty\"`\n\t$ []$ `json:\"$,omitempty\"`\n}\n\n",
	"// $ ~ ~ ~ ~ ~ ~ ~ ~.\n",
	"\t// ~ ~ ~ ~ ~, ~ ~ ~ ~ ~ ~ ~.\n",
	"\tt.Run(\"~ ~\", func(t *testing.T) {\n\t\tgot := $($)\n\t\tif got != # {\n\t\t\tt.Errorf(\"$ = %v, want #\", got)\n\t\t}\n\t})\n",
	"\tswitch $.$ {\n\tcase $:\n\t\t$.$($)\n\tdefault:\n\t\t$ = #\n\t}\n",
	"}\n\n",
}
