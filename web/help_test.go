package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestTheHandbookIsWholeInBothLanguages(t *testing.T) {
	h := Handler()
	const limit = 1_500_000 // bytes of all pictures: the handbook is opened on weak lines, and stands in the repository
	pictures := map[string]int{}
	for at, lang := range map[string]string{"/help": "vi", "/help/en": "en"} {
		res := get(t, h, at)
		page := string(body(t, res))
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(page, `lang="`+lang+`"`) {
			t.Fatalf("%s: %d %s", at, res.StatusCode, res.Header.Get("Content-Type"))
		}
		for _, id := range guideParts() {
			if !strings.Contains(page, `<article id="`+id+`">`) || !strings.Contains(page, `href="#`+id+`"`) {
				t.Errorf("%s lacks %s", at, id)
			}
		}
		if strings.Count(page, "<h1") != 1 || strings.Count(page, "<h2") != len(guideParts()) || !strings.Contains(page, "<table>") {
			t.Errorf("%s: headings or tables are not rendered", at)
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "http://") || strings.Contains(page, "https://") || strings.Contains(page, "raw HTML") {
			t.Errorf("%s asks for a script or another host", at)
		}
		for _, m := range regexp.MustCompile(`<img src="([^"]+)" alt="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			res := get(t, h, m[1])
			if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "image/jpeg" {
				t.Errorf("%s shows %s: %d", at, m[1], res.StatusCode)
			}
			pictures[m[1]] = len(body(t, res))
		}
	}
	total := 0
	for _, n := range pictures {
		total += n
	}
	if len(pictures) < len(guideParts()) || total > limit {
		t.Errorf("%d pictures of %d bytes", len(pictures), total)
	}
	t.Logf("%d pictures, %d bytes", len(pictures), total)
}
