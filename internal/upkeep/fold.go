package upkeep

import (
	"context"
	"errors"
	"iter"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
)

// due returns the logs that are to be folded now.
func (k *Keeper) due(logs []catalog.Log) []catalog.Log {
	var due []catalog.Log
	var longest catalog.Log
	var most, records int
	var bytes int64
	for _, l := range logs {
		t := l.Tail()
		if k.isDue(t) {
			due = append(due, l)
			continue
		}
		records += t.Records
		bytes += t.Bytes
		if t.Records > most {
			most, longest = t.Records, l
		}
	}
	if longest != nil && (records > k.o.TotalRecords || bytes > k.o.TotalBytes) {
		due = append(due, longest)
	}
	return due
}

func (k *Keeper) isDue(t catalog.Tail) bool {
	age := k.o.Now().Sub(t.Since)
	switch {
	case t.Records == 0:
		return false
	case t.Records >= k.o.FoldRecords || t.Bytes >= k.o.FoldBytes:
		return true
	case t.Pinned && age >= k.o.RetireAfter:
		return true
	}
	return t.Records >= k.o.IdleRecords && age >= k.o.IdleAfter
}

// Fold folds the log of a dataset now, whatever its tail.
func (k *Keeper) Fold(ctx context.Context, dataset string) error {
	d, err := k.o.Names.Dataset(ctx, dataset)
	if err != nil {
		return err
	}
	return k.fold(ctx, d)
}

// fold folds a log, unless another gateway does so first.
func (k *Keeper) fold(ctx context.Context, l catalog.Log) error {
	pool, dataset := l.Scope()
	move := func(ctx context.Context, recipes iter.Seq[manifest.Recipe]) (func(manifest.Recipe) (manifest.Recipe, error), error) {
		m, err := k.o.Bytes.Move(ctx, dedupe.Scope{Pool: pool, Dataset: dataset}, recipes)
		if err != nil {
			return nil, err
		}
		return m.Recipe, nil
	}
	err := l.Fold(ctx, move)
	switch {
	case err == nil:
		k.counts.folds.Add(1)
	case errors.Is(err, manifest.ErrFold):
		k.counts.lost.Add(1)
		return nil
	default:
		k.counts.failed.Add(1)
	}
	return err
}
