package files

import (
	"mime"
	"path"
	"strings"

	"aetherfs/backend"
)

// unknownType is of what nobody said anything.
const unknownType = "application/octet-stream"

// types are those of files that were stored without one, by extension. What
// people read is plain text, so that browsers show it.
var types = map[string]string{
	".aac": "audio/aac", ".apng": "image/apng", ".avif": "image/avif", ".bmp": "image/bmp", ".cfg": plain, ".conf": plain,
	".css": "text/css", ".csv": "text/csv", ".flac": "audio/flac", ".geojson": "application/geo+json", ".gif": "image/gif",
	".gz": "application/gzip", ".htm": "text/html", ".html": "text/html", ".ico": "image/x-icon", ".ini": plain,
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".js": "text/javascript", ".json": "application/json",
	".jsonl": "application/x-ndjson", ".log": plain, ".m4a": "audio/mp4", ".md": plain, ".mjs": "text/javascript",
	".mp3": "audio/mpeg", ".mp4": "video/mp4", ".ndjson": "application/x-ndjson", ".ogg": "audio/ogg", ".opus": "audio/ogg",
	".parquet": "application/vnd.apache.parquet", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml",
	".tar": "application/x-tar", ".toml": plain, ".tsv": "text/tab-separated-values", ".txt": plain, ".wasm": "application/wasm",
	".wav": "audio/wav", ".webm": "video/webm", ".webp": "image/webp", ".xhtml": "application/xhtml+xml", ".xml": "application/xml",
	".yaml": plain, ".yml": plain, ".zip": "application/zip", ".zst": "application/zstd",
}

const plain = "text/plain"

// quiet are the types that browsers show and never run, beside sound and films:
// all others are to be saved. A rule or an uploader may claim any type, but
// with nosniff it is then also what a browser takes the bytes for.
var quiet = map[string]bool{
	plain: true, "text/csv": true, "text/tab-separated-values": true, "text/markdown": true,
	"application/json": true, "application/geo+json": true, "application/x-ndjson": true,
	"image/apng": true, "image/avif": true, "image/bmp": true, "image/gif": true, "image/jpeg": true,
	"image/png": true, "image/tiff": true, "image/webp": true, "image/x-icon": true, "image/vnd.microsoft.icon": true,
}

func isQuiet(mediaType string) bool {
	return quiet[mediaType] || strings.HasPrefix(mediaType, "audio/") || strings.HasPrefix(mediaType, "video/")
}

// textual are the types of text whose names do not say so.
var textual = map[string]bool{
	"application/json": true, "application/x-ndjson": true, "application/xml": true, "application/javascript": true,
	"application/yaml": true, "application/x-yaml": true, "application/toml": true, "application/sql": true,
}

func isTextual(mediaType string) bool {
	return textual[mediaType] || strings.HasPrefix(mediaType, "text/") ||
		strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}

// guise is how a file is shown.
type guise struct {
	contentType string
	disposition string // "" for inline
	keep        string // Cache-Control
	compress    bool   // by its type, whatever its size
}

// dress decides the guise of a file, r being the rule for its extension.
func dress(info backend.Info, r backend.HTTPRule) guise {
	mediaType, params := typeOf(info, r)
	g := guise{contentType: mime.FormatMediaType(mediaType, params), compress: isTextual(mediaType), keep: keepFor(info, r)}
	if g.contentType == "" {
		g.contentType = unknownType
	}
	if r.Compress != nil {
		g.compress = *r.Compress
	}
	g.compress = g.compress && info.Attr.ContentEncoding == ""
	g.disposition = disposition(info.Attr.ContentDisposition, isQuiet(mediaType))
	return g
}

// typeOf is what a rule says, else the uploader, else the extension. Text whose
// charset nobody told is taken for UTF-8.
func typeOf(info backend.Info, r backend.HTTPRule) (mediaType string, params map[string]string) {
	claimed := info.Attr.ContentType
	switch {
	case r.ContentType != "":
		claimed = r.ContentType
	case claimed == "" || claimed == unknownType || claimed == "binary/octet-stream":
		claimed = types[strings.ToLower(path.Ext(info.Path.Key()))]
	}
	mediaType, params, err := mime.ParseMediaType(claimed)
	if err != nil || !strings.Contains(mediaType, "/") {
		return unknownType, nil
	}
	if strings.HasPrefix(mediaType, "text/") && params["charset"] == "" {
		params["charset"] = "utf-8"
	}
	return mediaType, params
}

// disposition keeps of what the uploader said the name to save under, and that
// it is to be saved.
func disposition(said string, isQuiet bool) string {
	kind, params, err := mime.ParseMediaType(said)
	name := params["filename"]
	if err != nil || !backend.Shown(name) || !reachable(name) {
		name = ""
	}
	if !isQuiet || kind == "attachment" {
		kind = "attachment"
	} else if kind = "inline"; name == "" {
		return ""
	}
	if name == "" {
		return kind
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": name})
}
