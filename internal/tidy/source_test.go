package tidy

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// root is the folder of the module.
const root = "../.."

// source is one Go file. Its path is relative to the root.
type source struct {
	path string
	text []byte
	ast  *ast.File
	fset *token.FileSet
}

// dir is the folder of s, which is its package's import path below the module.
func (s source) dir() string { return path.Dir(s.path) }

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// line returns line n, from 1.
func (s source) line(n int) string { return strings.Split(string(s.text), "\n")[n-1] }

// imports returns what s imports: import path to the name it is used by, "" for
// the package's own.
func (s source) imports() map[string]string {
	found := map[string]string{}
	for _, spec := range s.ast.Imports {
		name := ""
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if of, err := strconv.Unquote(spec.Path.Value); err == nil {
			found[of] = name
		}
	}
	return found
}

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, filepath.ToSlash(rel), text, parser.ParseComments|parser.SkipObjectResolution)
		all = append(all, source{filepath.ToSlash(rel), text, parsed, fset})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatalf("no Go files below %s", root)
	}
	return all
}
