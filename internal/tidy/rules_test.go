package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ambient are the calls whose answer no argument decides. Packages below cmd
// take a func in their Options instead, and use these only where it is nil.
var ambient = map[string][]string{
	"time": {"Now"},
	"os":   {"Getenv", "LookupEnv", "Environ"},
	"math/rand/v2": {"Int", "IntN", "Int32", "Int32N", "Int64", "Int64N", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN", "N",
		"Float32", "Float64", "NormFloat64", "ExpFloat64", "Perm", "Shuffle"},
	"crypto/rand": {"Read", "Int", "Prime", "Text"},
}

func TestNothingAmbientBelowTheRoof(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || withinAny(s.dir(), outside) || within(s.dir(), "cmd") || strings.HasSuffix(s.dir(), "test") {
			continue
		}
		names := s.imports()
		if _, old := names["math/rand"]; old {
			t.Errorf("%s imports math/rand: version 2 is meant", s.path)
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at := s.fset.Position(call.Pos())
			if name := ambientCall(names, call); name != "" && !s.measures(at.Line) && !s.defaults(at.Line) {
				t.Errorf("%s:%d: %s: take a func in Options", s.path, at.Line, name)
			}
			return true
		})
	}
}

// ambientCall returns the name of the function that call calls if it is an
// ambient one, or "".
func ambientCall(imports map[string]string, call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for of, funcs := range ambient {
		name, imported := imports[of]
		if name == "" {
			name = path.Base(strings.TrimSuffix(of, "/v2"))
		}
		if imported && pkg.Name == name && slices.Contains(funcs, selector.Sel.Name) {
			return name + "." + selector.Sel.Name
		}
	}
	return ""
}

var began = regexp.MustCompile(`(\w+)\s*:?=\s*time\.Now\(\)`)

// measures reports whether the line takes the time only to tell later how long
// something took, which decides nothing.
func (s source) measures(line int) bool {
	m := began.FindStringSubmatch(s.line(line))
	return m != nil && strings.Contains(string(s.text), "time.Since("+m[1]+")")
}

// defaults reports whether the line is for when no func was given.
func (s source) defaults(line int) bool { return strings.HasSuffix(s.line(line-1), "== nil {") }

var leftover = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func TestNothingIsLeftForLater(t *testing.T) {
	for _, s := range sources(t) {
		for i, line := range strings.Split(string(s.text), "\n") {
			if word := leftover.FindString(line); word != "" {
				t.Errorf("%s:%d: %s", s.path, i+1, word)
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		documented[s.dir()] = documented[s.dir()] || s.ast.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}
