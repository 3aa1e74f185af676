package attendance

import (
	"fmt"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationserifbold"
	"github.com/go-fonts/liberation/liberationserifitalic"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"
)

// missing stands on paper for a letter that the fonts lack, such as chữ Nôm or an emoji.
const missing = '□'

// allPages stands for the number of pages. Its letters are of a private range that the fonts lack, so no text has it.
const allPages = "\uE123\uE124"

// press is a PDF document that takes any text. Its methods shadow those of fpdf, which panics or fails on letters
// beyond the basic plane and on text that is not UTF-8.
type press struct {
	*fpdf.Fpdf
	fonts  []*sfnt.Font
	buffer sfnt.Buffer
	known  map[rune]bool // whether every font has the letter
}

const family = "LiberationSerif"

// newPress begins a document on A4, "P" upright or "L" across.
func newPress(orientation string) (*press, error) {
	p := &press{Fpdf: fpdf.New(orientation, "mm", "A4", ""), known: map[rune]bool{}}
	for style, ttf := range map[string][]byte{"": liberationserifregular.TTF, "B": liberationserifbold.TTF, "I": liberationserifitalic.TTF} {
		font, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("font %q: %w", style, err)
		}
		p.fonts = append(p.fonts, font)
		p.AddUTF8FontFromBytes(family, style, ttf)
	}
	p.SetCatalogSort(true)
	p.AliasNbPages(allPages)
	return p, nil
}

// CellFormat writes a text as fpdf does.
func (p *press) CellFormat(w, h float64, text, border string, ln int, align string, fill bool) {
	p.Fpdf.CellFormat(w, h, p.printable(text), border, ln, align, fill, 0, "")
}

// MultiCell writes a text over several lines as fpdf does.
func (p *press) MultiCell(w, h float64, text, border, align string, fill bool) {
	p.Fpdf.MultiCell(w, h, p.printable(text), border, align, fill)
}

// GetStringWidth is the width of a text in the current font.
func (p *press) GetStringWidth(text string) float64 {
	return p.Fpdf.GetStringWidth(p.printable(text))
}

// SetTitle names the document.
func (p *press) SetTitle(title string) { p.Fpdf.SetTitle(p.printable(title), true) }

// printable is a text as the fonts can show it: composed, in single spaces, without what cannot be seen, and with a
// visible sign for each letter that is missing.
func (p *press) printable(text string) string {
	plain := true
	for i := range len(text) {
		plain = plain && text[i] >= ' ' && text[i] < 0x7F
	}
	if plain {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Cc, r):
			return ' '
		case invisible(r):
			return -1
		case r == unicode.ReplacementChar || !p.has(r):
			return missing
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(text, string(missing))))
}

// invisible reports whether a character only tells programs how to show others.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector)
}

// has reports whether every font has a letter.
func (p *press) has(r rune) bool {
	known, asked := p.known[r]
	if !asked {
		known = r <= 0xFFFF // fpdf knows no further
		for _, font := range p.fonts {
			glyph, err := font.GlyphIndex(&p.buffer, r)
			known = known && err == nil && glyph != 0
		}
		p.known[r] = known
	}
	return known
}
