package s3api

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

func TestEveryErrorOfTheTreeHasACode(t *testing.T) {
	for _, err := range backend.Errors() {
		wrapped := fmt.Errorf("put b/k: %w", err)
		if e := translate(wrapped); e.Code == "InternalError" && !errors.Is(err, backend.ErrCorrupt) || statuses[e.Code] == 0 {
			t.Errorf("%v has no code: %v", err, e)
		}
	}
}

func TestEveryRefusalHasAStatus(t *testing.T) {
	for _, code := range auth.Codes() {
		if statuses[code] == 0 {
			t.Errorf("%s has no status", code)
		}
	}
}

// Every code that the package's sources name has a status.
func TestEveryCodeHasAStatus(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			code := ""
			switch n := n.(type) {
			case *ast.CallExpr:
				if name, ok := n.Fun.(*ast.Ident); ok && (name.Name == "fail" || name.Name == "unset") && len(n.Args) > 0 {
					code = literal(n.Args[0])
				}
			case *ast.KeyValueExpr:
				if name, ok := n.Key.(*ast.Ident); ok && (name.Name == "Code" || name.Name == "code") {
					code = literal(n.Value)
				}
			}
			if code != "" && statuses[code] == 0 {
				t.Errorf("%s: code %s has no status", f.Name(), code)
			}
			return true
		})
	}
}

func literal(e ast.Expr) string {
	if l, ok := e.(*ast.BasicLit); ok {
		s, _ := strconv.Unquote(l.Value)
		return s
	}
	return ""
}
