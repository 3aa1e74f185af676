package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) []byte {
	t.Helper()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestHandlerServesPagesAndWhatTheyLoad(t *testing.T) {
	h := Handler()
	for target, want := range map[string]struct {
		status      int
		contentType string
	}{
		"/":                          {200, "text/html; charset=utf-8"},
		"/join":                      {200, "text/html; charset=utf-8"},
		"/host":                      {200, "text/html; charset=utf-8"},
		"/secretary":                 {200, "text/html; charset=utf-8"},
		"/static/pages/join.js":      {200, "text/javascript; charset=utf-8"},
		"/static/css/base.css":       {200, "text/css; charset=utf-8"},
		"/static/icon.svg":           {200, "image/svg+xml"},
		"/static/vendor/preact.js":   {200, "text/javascript; charset=utf-8"},
		"/static/vendor/LICENSE-htm": {200, "text/plain; charset=utf-8"},
		"/static/vendor/preact.d.ts": {404, ""},
		"/static/":                   {404, ""},
		"/static":                    {404, ""},
		"/join/":                     {308, ""},
		"/index.html":                {404, ""},
		"/page.html":                 {404, ""},
		"/office":                    {200, "text/html; charset=utf-8"},
		"/static/../embed.go":        {404, ""},
		"/nothing":                   {404, ""},
	} {
		res := get(t, h, target)
		if res.StatusCode != want.status {
			t.Errorf("GET %s: status %d, want %d", target, res.StatusCode, want.status)
		}
		if want.contentType != "" && res.Header.Get("Content-Type") != want.contentType {
			t.Errorf("GET %s: type %q, want %q", target, res.Header.Get("Content-Type"), want.contentType)
		}
	}
}

func TestAddressesWithWhatChatProgramsAddLeadToTheirPage(t *testing.T) {
	h := Handler()
	for asked, want := range map[string]string{
		"/join/": "/join", "/join.": "/join", "/host)": "/host", "/Office": "/office", "/j/": "/j", "/join/?utm_source=zalo": "/join?utm_source=zalo",
		"/secretary,": "/secretary", "/room%22": "/room",
	} {
		if res := get(t, h, asked); res.StatusCode != http.StatusPermanentRedirect || res.Header.Get("Location") != want {
			t.Errorf("GET %s: %d to %q, want %q", asked, res.StatusCode, res.Header.Get("Location"), want)
		}
	}
	for _, asked := range []string{"/nothing/", "//", "/static/", "/join/more/", "//join/"} {
		if res := get(t, h, asked); res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %d to %q", asked, res.StatusCode, res.Header.Get("Location"))
		}
	}
}

func TestAWrongAddressGetsAPage(t *testing.T) {
	h := Handler()
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, encoding := range []string{"", "gzip"} {
		res := get(t, h, "/nothing", "Accept", browser, "Accept-Encoding", encoding)
		if res.StatusCode != http.StatusNotFound || res.Header.Get("Content-Type") != "text/html; charset=utf-8" || res.Header.Get("ETag") != "" {
			t.Errorf("%q: %d %v", encoding, res.StatusCode, res.Header)
		}
		if n := len(body(t, res)); n < 200 || res.Header.Get("Content-Length") != strconv.Itoa(n) {
			t.Errorf("%q: %d bytes, told as %s", encoding, n, res.Header.Get("Content-Length"))
		}
	}
	if res := get(t, h, "/static/app/nothing.js", "Accept", browser); strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Error("a script that is not there is answered by a page")
	}
	if res := get(t, h, "/nothing", "Accept", "*/*"); strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Error("a program gets a page")
	}
}

func TestNoPageIsTranslatedByTheBrowser(t *testing.T) {
	for _, p := range ownPages() {
		page := string(Handler().(handler)[p.path].plain)
		for _, mark := range []string{`translate="no"`, `<meta name="google" content="notranslate">`, `class="notranslate"`} {
			if !strings.Contains(page, mark) {
				t.Errorf("%s lacks %s", p.path, mark)
			}
		}
	}
}

func TestHandlerCompressesAndRevalidates(t *testing.T) {
	h := Handler()
	plain := get(t, h, "/static/pages/join.js")
	want := body(t, plain)

	packed := get(t, h, "/static/pages/join.js", "Accept-Encoding", "br, gzip;q=0.8")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	zr, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("the compressed file differs")
	}
	if plain.Header.Get("ETag") == packed.Header.Get("ETag") {
		t.Error("two encodings share an ETag")
	}
	if res := get(t, h, "/static/pages/join.js", "Accept-Encoding", "gzip;q=0"); res.Header.Get("Content-Encoding") != "" {
		t.Error("compressed although refused")
	}
	for _, res := range []*http.Response{plain, packed} {
		again := get(t, h, "/static/pages/join.js", "Accept-Encoding", res.Header.Get("Content-Encoding"), "If-None-Match", res.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("revalidation: status %d, want 304", again.StatusCode)
		}
	}
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/join", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d, want 405", w.Code)
	}
}

// loads finds what a file makes the browser load: module imports, scripts, style sheets and icons.
var loads = regexp.MustCompile(`(?:from|import)\s*"([^"]+)"|(?:src|href)="([^"]+)"`)

func TestEveryPageIsSmallAndWhole(t *testing.T) {
	const limit = 100_000 // bytes over the network before any media
	h := Handler()
	for _, p := range ownPages() {
		page, total, seen, queue := p.path, 0, map[string]bool{}, []string{p.path}
		for len(queue) > 0 {
			target := queue[0]
			queue = queue[1:]
			if seen[target] {
				continue
			}
			seen[target] = true
			res := get(t, h, target)
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s needs %s: status %d", page, target, res.StatusCode)
				continue
			}
			total += len(body(t, get(t, h, target, "Accept-Encoding", "gzip")))
			text := body(t, res)
			if strings.HasSuffix(target, ".css") || strings.HasSuffix(target, ".svg") {
				continue
			}
			for _, m := range loads.FindAllSubmatch(text, -1) {
				ref := string(m[1]) + string(m[2])
				if strings.HasPrefix(ref, ".") {
					ref = path.Join(path.Dir(target), ref)
				}
				if strings.HasPrefix(ref, "/static/") { // what else is linked is not loaded
					queue = append(queue, ref)
				}
			}
		}
		if len(seen) < 8 {
			t.Errorf("%s: only %d files were found to be loaded", page, len(seen))
		}
		if total > limit {
			t.Errorf("%s weighs %d bytes in %d files, more than %d", page, total, len(seen), limit)
		}
		t.Logf("%s: %d bytes in %d files", page, total, len(seen))
	}
}

func TestEveryPageHasItsOwnHead(t *testing.T) {
	inline := regexp.MustCompile(`<script(?:>|\s+[^>]*?>)[^<]|<style|\son\w+=|\sstyle=|https?://`)
	titles := map[string]string{}
	scripts := map[string]bool{}
	for _, p := range ownPages() {
		text := string(body(t, get(t, Handler(), p.path)))
		if found := inline.FindString(text); found != "" {
			t.Errorf("%s holds %q, which the Content-Security-Policy forbids", p.path, found)
		}
		_, rest, _ := strings.Cut(text, "<title>")
		title, _, _ := strings.Cut(rest, "</title>")
		if title == "" || titles[title] != "" {
			t.Errorf("%s has the title %q, as %q has", p.path, title, titles[title])
		}
		titles[title] = p.path
		scripts[p.Script+".js"] = true
	}
	entries, err := static.ReadDir("static/pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !scripts[entry.Name()] {
			t.Errorf("static/pages/%s is the entry of no page", entry.Name())
		}
	}
}
