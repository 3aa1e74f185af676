// Package web holds the pages and serves them: plain files, made small once at start, each with an ETag, and the frame of each page.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/evanw/esbuild/pkg/api"
)

//go:embed static
var static embed.FS

// file is one embedded file, ready to be sent.
type file struct {
	name        string
	contentType string
	etag        string
	plain       []byte
	gzipped     []byte // nil where compression does not pay
}

// handler serves the files by path.
type handler map[string]*file

// Handler serves the pages at /, /j, /join, /host, /secretary, /room and /office, the handbook at /help and /help/en, and
// what they load under /static/. Everything is revalidated by its ETag, so that a page is never older than its server.
// Headers of security are the caller's.
func Handler() http.Handler { return pages() }

// pages does the work once for all servers of a process.
//
//nolint:gochecknoglobals // made once for all servers of a process
var pages = sync.OnceValue(func() handler {
	h := handler{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".d.ts") {
			return err
		}
		plain, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		if plain, err = shrink(name, plain); err != nil {
			return err
		}
		h["/"+name], err = pack(name, plain)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("web: embedded files cannot be read: %v", err)) // the binary itself is damaged
	}
	rendered, err := frames()
	if err != nil {
		panic(fmt.Sprintf("web: pages cannot be rendered: %v", err)) // as above
	}
	guide, err := help()
	if err != nil {
		panic(fmt.Sprintf("web: the handbook cannot be rendered: %v", err)) // as above
	}
	maps.Copy(rendered, guide)
	for at, plain := range rendered {
		name := path.Base(at)
		if path.Ext(name) == "" {
			name = "page.html"
		}
		if h[at], err = pack(name, plain); err != nil {
			panic(fmt.Sprintf("web: %s: %v", at, err))
		}
	}
	return h
})

// pack makes a file ready to be sent.
func pack(name string, plain []byte) (*file, error) {
	sum := sha256.Sum256(plain)
	f := &file{name: path.Base(name), contentType: contentType(name), etag: `"` + hex.EncodeToString(sum[:12]) + `"`, plain: plain}
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if buf.Len() < len(plain) {
		f.gzipped = buf.Bytes()
	}
	return f, nil
}

// shrink takes comments and space out of scripts and style sheets. Names stay, so that an error in a browser's console can be read.
func shrink(name string, plain []byte) ([]byte, error) {
	loader := map[string]api.Loader{".js": api.LoaderJS, ".css": api.LoaderCSS}[path.Ext(name)]
	if loader == api.LoaderNone || strings.HasPrefix(name, "static/vendor/") {
		return plain, nil
	}
	small := api.Transform(string(plain), api.TransformOptions{
		Loader: loader, MinifyWhitespace: true, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
	})
	if len(small.Errors) > 0 {
		return nil, fmt.Errorf("%s: %s", name, small.Errors[0].Text)
	}
	return small.Code, nil
}

// contentType does not trust the host's MIME table for what browsers are strict about.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".jpg":
		return "image/jpeg"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "text/plain; charset=utf-8"
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, status := h[r.URL.Path], http.StatusOK
	if f == nil {
		if to := h.meant(r.URL.Path); to != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			target := url.URL{Path: to, RawQuery: r.URL.RawQuery} // browsers carry the fragment over
			http.Redirect(w, r, target.String(), http.StatusPermanentRedirect)
			return
		}
		if f, status = h[lostPath], http.StatusNotFound; !strings.Contains(r.Header.Get("Accept"), "text/html") || strings.HasPrefix(r.URL.Path, "/static/") {
			http.NotFound(w, r)
			return
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, f.etag
	if f.gzipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body, etag = f.gzipped, strings.TrimSuffix(f.etag, `"`)+`-gz"`
	}
	if status != http.StatusOK {
		header.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // who asked has gone
		}
		return
	}
	header.Set("ETag", etag)
	// ServeContent answers If-None-Match and HEAD.
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(body))
}

// meant is the page that a path with a slash, a full stop or a bracket behind it, as chat programs add, or in capitals leads to; empty
// if there is none.
func (h handler) meant(asked string) string {
	page := strings.ToLower(strings.TrimRightFunc(asked, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
	if page == asked || page == "" || h[page] == nil || strings.Count(page, "/") > 1 {
		return ""
	}
	return page
}

// acceptsGzip reads an Accept-Encoding header as browsers send it (RFC 9110 12.5.3); a refusal by q=0 counts.
func acceptsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(coding) == "gzip" {
			q := strings.TrimSpace(weight)
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
