package attendance

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the colours
	"fmt"
	"io"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// srgb says what the colours of a page mean (International Color Consortium, sRGB2014).
//
//go:embed icc/sRGB2014.icc
var srgb []byte

const producer = "diemcau"

// outputIntents of a document, each of which has its colour profile in an object.
const outputIntents = 1

// archival makes a document one for archives, PDF/A-2b (ISO 19005-2): the meaning of its colours, and metadata that say the same
// as those that fpdf writes. Fonts are embedded as it is; writeArchival adds the identifier that fpdf leaves out.
func (p *press) archival(title string, at time.Time) {
	title = p.printable(title)
	p.SetTitle(title)
	p.SetProducer(producer, true)
	p.SetCreationDate(at)
	p.SetModificationDate(at) // the same report is the same file
	p.AddOutputIntent(fpdf.OutputIntentType{
		SubtypeIdent: fpdf.OutputIntent_GTS_PDFA1, OutputConditionIdentifier: "sRGB", Info: "sRGB IEC61966-2.1", ICCProfile: srgb,
	})
	when := at.Format("2006-01-02T15:04:05")
	p.SetXmpMetadata([]byte("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>2</pdfaid:part>` +
		`<pdfaid:conformance>B</pdfaid:conformance></rdf:Description>` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + escaped(title) +
		`</rdf:li></rdf:Alt></dc:title></rdf:Description>` +
		`<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreateDate>` + when + `</xmp:CreateDate><xmp:ModifyDate>` + when +
		`</xmp:ModifyDate></rdf:Description>` +
		`<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><pdf:Producer>` + producer + `</pdf:Producer></rdf:Description>` +
		"</rdf:RDF></x:xmpmeta>\n" + strings.Repeat(" ", 100) + "\n<?xpacket end=\"r\"?>"))
}

// writeArchival writes the document with a trailer that is right, which stands behind everything whose place is told: with a file
// identifier (ISO 32000-1, 14.4), and with the document's information, for which fpdf names the object before the catalog: with an
// output intent that is its colour profile.
func (p *press) writeArchival(w io.Writer) error {
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return err
	}
	file := out.Bytes()
	trailer := []byte("trailer\n<<\n")
	at := bytes.LastIndex(file, trailer)
	if at < 0 {
		return fmt.Errorf("a PDF without a trailer")
	}
	at += len(trailer)
	var size, root, before int
	if _, err := fmt.Sscanf(string(file[at:]), "/Size %d\n/Root %d 0 R\n/Info %d 0 R\n", &size, &root, &before); err != nil {
		return fmt.Errorf("the trailer of a PDF: %w", err)
	}
	info := root - 1 - outputIntents
	if !bytes.Contains(file, fmt.Appendf(nil, "\n%d 0 obj\n<<\n/Producer ", info)) {
		return fmt.Errorf("a PDF whose object %d is no information about it", info)
	}
	rest := bytes.Replace(file[at:], fmt.Appendf(nil, "/Info %d 0 R\n", before), fmt.Appendf(nil, "/Info %d 0 R\n", info), 1)
	sum := sha256.Sum256(file)
	for _, part := range [][]byte{file[:at], fmt.Appendf(nil, "/ID [<%[1]x><%[1]x>]\n", sum[:16]), rest} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}
