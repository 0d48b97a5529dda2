package backend

import (
	"context"
	"fmt"
	"io"
	"iter"

	"aetherfs/internal/auth"
)

// Guarded is the tree as somebody may use it. Every front end serves requests
// through one, so that none can forget to ask. Whoever holds a key may do
// everything; nobody else may do anything: ErrDenied.
func Guarded(t Tree, who auth.Identity) Tree {
	if who.AccessKey == "" {
		return denied{}
	}
	return t
}

// denied is the tree of those who may do nothing.
type denied struct{}

var errNobody = fmt.Errorf("no identity: %w", ErrDenied)

func refuse[T any]() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, errNobody)
	}
}

func (denied) Datasets(context.Context) iter.Seq2[DatasetInfo, error]         { return refuse[DatasetInfo]() }
func (denied) Dataset(context.Context, string) (DatasetInfo, error)           { return DatasetInfo{}, errNobody }
func (denied) List(context.Context, string, Query) iter.Seq2[Info, error]     { return refuse[Info]() }
func (denied) Stat(context.Context, Path) (Info, error)                       { return Info{}, errNobody }
func (denied) Open(context.Context, Path) (*File, error)                      { return nil, errNobody }
func (denied) Node(context.Context, string) (Node, error)                     { return Node{}, errNobody }
func (denied) ReadDir(context.Context, string, string) iter.Seq2[Node, error] { return refuse[Node]() }
func (denied) Settings(context.Context, string) (Settings, error)             { return Settings{}, errNobody }
func (denied) SetSettings(context.Context, string, Settings) error            { return errNobody }
func (denied) CreateDataset(context.Context, string) error                    { return errNobody }
func (denied) RemoveDataset(context.Context, string) error                    { return errNobody }
func (denied) Begin(context.Context, string) (Tx, error)                      { return nil, errNobody }

func (denied) CreateUpload(context.Context, Path, UploadOptions) (string, error) {
	return "", errNobody
}
func (denied) Upload(context.Context, Path, string) (UploadInfo, error) {
	return UploadInfo{}, errNobody
}
func (denied) PutPart(context.Context, Path, string, int, io.Reader, PutOptions) (Part, error) {
	return Part{}, errNobody
}
func (denied) CopyPart(context.Context, Path, string, int, Path, int64, int64, ReadCond) (Part, error) {
	return Part{}, errNobody
}
func (denied) Parts(context.Context, Path, string, int) iter.Seq2[Part, error] {
	return refuse[Part]()
}
func (denied) ListUploads(context.Context, string, Query, string) iter.Seq2[UploadInfo, error] {
	return refuse[UploadInfo]()
}
func (denied) Complete(context.Context, Path, string, []CompletePart, CompleteOptions) (Info, error) {
	return Info{}, errNobody
}
func (denied) Abort(context.Context, Path, string) error         { return errNobody }
func (denied) Stats(context.Context, string) ([]TagStats, error) { return nil, errNobody }
