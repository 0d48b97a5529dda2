package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// The kinds of objects that a store has (docs/format.md). Nodes are kinds by
// what they hold. Those of tags, uploads, parts and datasets lie inside the root
// unless there are very many.
var (
	logKinds    = []string{"aetherfs.json", "hub/segment", "dataset/segment", "pool/block"}
	foldedKinds = append([]string{
		"hub/folded segment", "hub/fence", "hub/checkpoint", "hub/older checkpoint", "hub/root", "hub/older root", "hub/keys", "hub/older keys",
		"dataset/folded segment", "dataset/fence", "dataset/checkpoint", "dataset/older checkpoint",
		"pool/root", "pool/older root", "pool/entries", "pool/older entries", "pool/detail",
	}, logKinds...)
)

// nodeKinds are the kinds of nodes, by their number.
var nodeKinds = map[byte]string{1: "root", 2: "tags", 3: "entries", 4: "uploads", 5: "parts", 6: "detail", 7: "datasets", 8: "keys"}

const nodeKindAt = 14 // where a node has its kind

// sort sorts the objects by their kinds.
func (s *scene) sort(t *testing.T) {
	t.Helper()
	s.kinds = map[string][]string{}
	newest := s.newestBases(t)
	for _, object := range slices.Sorted(maps.Keys(s.whole)) {
		kind := s.kindOf(t, object, newest)
		s.kinds[kind] = append(s.kinds[kind], object)
	}
	for _, kind := range slices.Collect(maps.Keys(s.kinds)) {
		if strings.Contains(kind, "/node ") {
			s.sortNodes(t, kind)
		}
	}
}

// newestBases is the base of each log's newest checkpoint, by the log's folder.
func (s *scene) newestBases(t *testing.T) map[string]uint64 {
	t.Helper()
	bases := map[string]uint64{}
	for object := range s.whole {
		if log, class := place(object); class == "checkpoints" {
			bases[log] = max(bases[log], ^numberOf(t, object))
		}
	}
	return bases
}

// place splits an object's name into the folder of its log or pool and what
// folder it is in there.
func place(object string) (owner, class string) {
	for _, class := range []string{"log", "checkpoints", "nodes", "blocks"} {
		if owner, _, ok := strings.Cut(object, "/"+class+"/"); ok {
			return owner, class
		}
	}
	return "", object
}

// kindOf is the kind of an object. Nodes are told apart by what they hold, not yet by
// whether they are needed.
func (s *scene) kindOf(t *testing.T, object string, newest map[string]uint64) string {
	t.Helper()
	owner, class := place(object)
	of := map[string]string{"hub": "hub/", "datasets": "dataset/", "pools": "pool/"}[strings.Split(object, "/")[0]]
	switch class {
	case "log":
		switch n := numberOf(t, object); {
		case bytes.HasPrefix(s.whole[object], []byte("AEFN")):
			return of + "fence"
		case n <= newest[owner]:
			return of + "folded segment"
		}
		return of + "segment"
	case "checkpoints":
		if ^numberOf(t, object) < newest[owner] {
			return of + "older checkpoint"
		}
		return of + "checkpoint"
	case "nodes":
		return of + "node " + nodeKinds[s.whole[object][nodeKindAt]]
	case "blocks":
		return of + "block"
	}
	return object
}

// sortNodes tells the nodes that are needed from those of older folds.
func (s *scene) sortNodes(t *testing.T, kind string) {
	t.Helper()
	of, holds, _ := strings.Cut(kind, "node ")
	for _, node := range s.kinds[kind] {
		s.spoil(t, node, nil)
		as := of + holds
		if _, err := s.fsck(t); err == nil {
			as = of + "older " + holds
		}
		s.kinds[as] = append(s.kinds[as], node)
		s.restore(t)
	}
	delete(s.kinds, kind)
}

func numberOf(t *testing.T, object string) (n uint64) {
	t.Helper()
	if _, err := fmt.Sscanf(path.Base(object), "%016x", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// sample is the first of a list, and the last if n is 2.
func sample(objects []string, n int) []string {
	if len(objects) < n || n == 1 {
		return objects[:min(n, len(objects))]
	}
	return []string{objects[0], objects[len(objects)-1]}
}

// neighbour is the object before one, of the same kind; behind the first one;
// "" if it is the only one.
func (s *scene) neighbour(object string) string {
	for _, objects := range s.kinds {
		i := slices.Index(objects, object)
		switch {
		case i > 0:
			return objects[i-1]
		case i == 0 && len(objects) > 1:
			return objects[1]
		}
	}
	return ""
}

// stranger is the like of an object in another log, under the same number if
// there is one; "" if there is none.
func (s *scene) stranger(object string) string {
	like := ""
	owner, class := place(object)
	for _, other := range slices.Sorted(maps.Keys(s.whole)) {
		o, c := place(other)
		if c != class || o == owner {
			continue
		}
		if like == "" || path.Base(other) == path.Base(object) {
			like = other
		}
	}
	return like
}
