package webdav

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	dav "golang.org/x/net/webdav"

	"aetherfs/backend"
)

// propertiesMeta is the user metadata in which an entry keeps its dead
// properties.
const propertiesMeta = "webdav-properties"

// maxMetaBytes bounds the user metadata of a file, names and values: S3's.
const maxMetaBytes = 2 << 10

// maxPatches bounds how often properties are patched because the file has
// changed meanwhile.
const maxPatches = 5

// proppatch sets and removes dead properties, all that are named or none. The
// grammar is x/net's.
func (q *request) proppatch() error {
	q.limitXML()
	body, err := rewriteXML(q.r.Body)
	if err != nil {
		return badXML(err)
	}
	side := q.dropped(q.target.name)
	n := backend.Node{Name: q.target.name}
	if !side {
		if n, err = q.existing(); err != nil {
			return err
		}
	}
	release, err := q.admit(write{name: n.Name})
	if err != nil {
		return err
	}
	defer release()
	cond, err := q.conditions()
	if err == nil {
		err = meets(cond, n, !side)
	}
	if err != nil {
		return err
	}
	file := &patched{request: q, node: n, cond: cond, side: side}
	r := q.r.Clone(q.ctx)
	r.Header.Del("If") // it held
	r.Body = io.NopCloser(strings.NewReader(body))
	answer := recorder{header: http.Header{}}
	h := dav.Handler{Prefix: q.Prefix, FileSystem: oneFile{file: file}, LockSystem: unlocked{},
		Logger: func(_ *http.Request, err error) { answer.err = err }}
	h.ServeHTTP(&answer, r)
	return q.relay(&answer)
}

// recorder keeps a short answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
	err    error // what the answer is about, if it is one
}

func (w *recorder) Header() http.Header         { return w.header }
func (w *recorder) WriteHeader(status int)      { w.status = status }
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }

// relay sends what was recorded, or returns the error.
func (q *request) relay(answer *recorder) error {
	switch {
	case answer.status == http.StatusBadRequest:
		return badXML(answer.err)
	case answer.err != nil:
		return answer.err
	}
	h := q.w.Header()
	h.Set("Content-Type", "application/xml; charset=utf-8")
	q.w.WriteHeader(answer.status)
	_, err := q.w.Write(answer.body.Bytes())
	return err
}

// oneFile is a file system of the one file that a request is about.
type oneFile struct {
	dav.FileSystem // nil: x/net asks for no more
	file           *patched
}

func (f oneFile) Stat(context.Context, string) (os.FileInfo, error) { return nil, nil }
func (f oneFile) OpenFile(context.Context, string, int, os.FileMode) (dav.File, error) {
	return f.file, nil
}

var _ dav.DeadPropsHolder = (*patched)(nil)

// unlocked is a LockSystem for requests that were admitted already.
type unlocked struct{ dav.LockSystem } // nil: x/net asks for no more

func (unlocked) Create(time.Time, dav.LockDetails) (string, error) { return "", nil }
func (unlocked) Unlock(time.Time, string) error                    { return nil }

// patched is the node whose properties are patched.
type patched struct {
	*request
	dav.File // nil: x/net asks for no more
	node     backend.Node
	cond     backend.Cond // on the node
	side     bool         // thrown away
}

func (f *patched) Close() error { return nil }

// DeadProps implements dav.DeadPropsHolder. x/net asks for it only where it
// answers a PROPFIND itself.
func (f *patched) DeadProps() (map[xml.Name]dav.Property, error) {
	properties := map[xml.Name]dav.Property{}
	for _, p := range deadProperties(f.node.Info.Attr) {
		properties[p.XMLName] = p
	}
	return properties, nil
}

// Patch implements dav.DeadPropsHolder.
func (f *patched) Patch(patches []dav.Proppatch) ([]dav.Propstat, error) {
	status := http.StatusOK
	switch {
	case f.side:
	case isDataset(f.node.Name), // neither root nor dataset has an entry to keep them with
		slices.ContainsFunc(patches, func(p dav.Proppatch) bool { return slices.ContainsFunc(p.Props, isLive) }):
		status = http.StatusForbidden
	default:
		err := f.patch(patches)
		if errors.Is(err, errNoRoom) {
			status = dav.StatusInsufficientStorage
		} else if err != nil {
			return nil, err
		}
	}
	stat := dav.Propstat{Status: status}
	for _, p := range patches {
		stat.Props = append(stat.Props, p.Props...)
	}
	return []dav.Propstat{stat}, nil
}

var errNoRoom = refuse(dav.StatusInsufficientStorage, "properties take more than S3 allows of metadata")

// patch commits the properties, again if the file was replaced meanwhile.
func (f *patched) patch(patches []dav.Proppatch) error {
	for n := 1; ; n++ {
		attr, err := patchedAttr(f.node.Info.Attr, patches)
		if err != nil {
			return err
		}
		dataset, _ := backend.SplitName(f.node.Name)
		_, err = f.change(dataset, func(tx backend.Tx) error { return f.setAttr(tx, attr) })
		if !errors.Is(err, backend.ErrPrecondition) || n == maxPatches {
			return err
		}
		if f.node, err = f.existing(); err == nil {
			err = meets(f.cond, f.node, true)
		}
		if err != nil {
			return err
		}
	}
}

// setAttr gives the entry of the node other attributes. It is the marker of a
// directory, made if need be.
func (f *patched) setAttr(tx backend.Tx, attr backend.Attr) error {
	info := f.node.Info
	if info.ID == "" {
		return f.mark(tx, f.node.Name, backend.PutOptions{Attr: attr, Cond: backend.Cond{IfNoneMatch: []string{"*"}}})
	}
	return tx.Copy(f.ctx, info.Path, info.Path, backend.CopyOptions{Attr: &attr, SourceID: info.ID})
}

// patchedAttr returns attr with its properties patched: errNoRoom if they would
// take too much.
func patchedAttr(attr backend.Attr, patches []dav.Proppatch) (backend.Attr, error) {
	properties := deadProperties(attr)
	for _, patch := range patches {
		for _, p := range patch.Props {
			properties = slices.DeleteFunc(properties, func(old dav.Property) bool { return old.XMLName == p.XMLName })
			if !patch.Remove {
				properties = append(properties, p)
			}
		}
	}
	text, err := encodeProps(properties)
	if err != nil {
		return attr, err
	}
	attr.Meta = withMeta(attr.Meta, propertiesMeta, text)
	size := 0
	for _, m := range attr.Meta {
		size += len(m.Name) + len(m.Value)
	}
	if text != "" && size > maxMetaBytes {
		return attr, errNoRoom
	}
	return attr, nil
}

// deadProperties are those that an entry keeps, but for such as are computed:
// none where an S3 client has put something else in their place.
func deadProperties(attr backend.Attr) []dav.Property {
	properties, err := decodeProps(metaOf(attr, propertiesMeta))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(properties, isLive)
}

func isLive(p dav.Property) bool { return liveByName[p.XMLName] != nil }
