package manifest

import (
	"context"
	"fmt"

	"github.com/tidwall/btree"
)

// Load returns the state that f keeps, after segment f.Base. Segments that are
// replayed over it are judged as they were when f was not yet accepted.
func Load(ctx context.Context, nodes Nodes, f Fold) (*State, error) {
	r, epoch, err := loadRoot(ctx, nodes, f)
	if err != nil {
		return nil, err
	}
	if r.dataset.IsZero() {
		return nil, &unread{fmt.Errorf("root %s is the hub's: %w", f.Root, ErrFormat)}
	}
	s := NewState(r.dataset, epoch, nodes)
	s.n, s.base, s.fold = r.n, r.n, f
	s.closed, s.files, s.bytes = r.closed, r.files, r.bytes
	s.tags, s.uploads = mapOf(tagForm, r.first, 0), mapOf(uploadForm, r.second, 0)
	return s, nil
}

func loadRoot(ctx context.Context, nodes Nodes, f Fold) (*root, uint64, error) {
	n, err := ref{name: f.Root}.open(ctx, nodes, kindRoot)
	if err != nil {
		return nil, 0, err
	}
	r := rootForm.at(n, 0)
	if r.n != f.Base {
		return nil, 0, &unread{fmt.Errorf("root %s is of segment %d, not %d: %w", f.Root, r.n, f.Base, ErrFormat)}
	}
	return r, n.epoch, nil
}

// LoadHub returns the hub that f keeps, after segment f.Base. All of it is
// read.
func LoadHub(ctx context.Context, nodes Nodes, f Fold) (*Hub, error) {
	r, epoch, err := loadRoot(ctx, nodes, f)
	if err != nil {
		return nil, err
	}
	if !r.dataset.IsZero() {
		return nil, &unread{fmt.Errorf("root %s is of dataset %s: %w", f.Root, r.dataset, ErrFormat)}
	}
	h := NewHub()
	h.n, h.epoch, h.fold = r.n, epoch, f
	if err := loadAll(ctx, nodes, mapOf(datasetForm, r.first, 0), h.datasets); err != nil {
		return nil, err
	}
	if err := loadAll(ctx, nodes, mapOf(keyForm, r.second, 0), h.keys); err != nil {
		return nil, err
	}
	return h, loadAll(ctx, nodes, mapOf(settingsForm, r.third, 0), h.settings)
}

func loadAll[V comparable](ctx context.Context, nodes Nodes, m Map[V], into *btree.Map[string, V]) error {
	for x, err := range m.scan(ctx, nodes, "") {
		if err != nil {
			return err
		}
		into.Set(x.key, x.v)
	}
	return nil
}
