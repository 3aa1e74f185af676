package roster

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// Before Unicode, Vietnamese was written in fonts that show Vietnamese letters in the place of Western ones. A program
// that knows nothing of the font reads "TØnh" where a person saw "Tỉnh". No program can tell such a text from its letters
// alone, but its words are no Vietnamese syllables until they are read as the font shows them.

// legacyFont names the old font or encoding that a text was written in; empty if it is none.
func legacyFont(text string) string {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool {
		return unicode.IsSpace(r) || r < utf8.RuneSelf && !unicode.IsLetter(r)
	}) {
		if ascii(word) || !strings.ContainsFunc(word, latin) || syllable(stripInvisible(word)) {
			continue
		}
		for _, old := range []struct {
			name string
			read func(string) (string, bool)
		}{{"UTF-8", fromMojibake}, {"TCVN3", fromTCVN3}, {"VNI", fromVNI}, {"VISCII", fromVISCII}, {"windows-1258", from1258}} {
			if read, ok := old.read(word); ok && !ascii(read) && syllable(read) {
				return old.name
			}
		}
	}
	return ""
}

func latin(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) }

func ascii(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// The letters that fonts of these families show for the bytes from 0xA0 and from 0x80; a question mark where there is none.
var (
	tcvn3 = []rune( //nolint:gochecknoglobals // immutable table
		"?ĂÂÊÔƠƯĐăâêôơưđẶ?????àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ")
	viscii = []rune( //nolint:gochecknoglobals // immutable table
		"ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ")
)

func fromTCVN3(word string) (string, bool)  { return fromTable(word, tcvn3, 0xA0) }
func fromVISCII(word string) (string, bool) { return fromTable(word, viscii, 0x80) }

func fromTable(word string, table []rune, from int) (string, bool) {
	whole := true
	read := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			return r
		}
		b, ok := byteOf(r)
		if i := int(b) - from; ok && i >= 0 && table[i] != '?' {
			return table[i]
		}
		whole = false
		return r
	}, word)
	return read, whole
}

// byteOf is the byte that a Western program took for a letter.
func byteOf(r rune) (byte, bool) {
	if b, ok := charmap.Windows1252.EncodeRune(r); ok {
		return b, true
	}
	return byte(r), r <= 0xFF
}

func bytesOf(word string) ([]byte, bool) {
	var b []byte
	for _, r := range word {
		one, ok := byteOf(r)
		if !ok {
			return nil, false
		}
		b = append(b, one)
	}
	return b, true
}

// fromMojibake reads UTF-8 that was taken for a Western encoding.
func fromMojibake(word string) (string, bool) {
	b, ok := bytesOf(word)
	return norm.NFC.String(string(b)), ok && utf8.Valid(b)
}

// from1258 reads the Vietnamese code page of Windows that was taken for the Western one.
func from1258(word string) (string, bool) {
	b, ok := bytesOf(word)
	if !ok {
		return "", false
	}
	read, err := charmap.Windows1258.NewDecoder().Bytes(b)
	return norm.NFC.String(string(read)), err == nil
}

// VNI fonts show a letter of its own for some, and marks behind a vowel for all others.
var (
	vniLetters = map[rune]string{ //nolint:gochecknoglobals // immutable table
		'ñ': "đ", 'æ': "ỉ", 'ó': "ĩ", 'ò': "ị", 'ö': "ư", 'ô': "ơ", 'î': "ỵ", 'í': "í", 'ì': "ì",
	}
	vniMarks = map[rune]string{ //nolint:gochecknoglobals // immutable table
		'ø': "\u0300", 'ù': "\u0301", 'û': "\u0309", 'õ': "\u0303", 'ï': "\u0323",
		'â': "\u0302", 'à': "\u0302\u0300", 'á': "\u0302\u0301", 'å': "\u0302\u0309", 'ã': "\u0302\u0303", 'ä': "\u0302\u0323",
		'ê': "\u0306", 'è': "\u0306\u0300", 'é': "\u0306\u0301", 'ú': "\u0306\u0309", 'ü': "\u0306\u0303", 'ë': "\u0306\u0323",
	}
)

func fromVNI(word string) (string, bool) {
	var out strings.Builder
	vowel := false // the letter before can bear a mark
	for _, r := range word {
		low := unicode.ToLower(r)
		mark, isMark := vniMarks[low]
		letter, isLetter := vniLetters[low]
		switch {
		case vowel && isMark:
			out.WriteString(mark)
			vowel = false
			continue
		case isLetter:
			out.WriteString(letter)
		case r < utf8.RuneSelf:
			out.WriteRune(r)
		default:
			return "", false
		}
		vowel = strings.ContainsRune("aeouyöô", low)
	}
	return norm.NFC.String(out.String()), true
}

const (
	onsets = `ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnpqrstvx]`
	nuclei = `iêu|yêu|oai|oay|oao|oeo|uao|uây|uôi|uya|uyê|uyu|ươi|ươu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|oo|ôi|ơi|ua|uâ|uê|ui|uô|uơ|uy|ưa|ưi|ưu|` +
		`ươ|yê|[aăâeêioôơuưy]`
)

var wellFormed = regexp.MustCompile(`^(?:` + onsets + `)?(?:` + nuclei + `)(?:ng|nh|ch|[cmnpt])?$`)

// syllable reports whether a word can be Vietnamese.
func syllable(word string) bool {
	const tones = "\u0300\u0301\u0309\u0303\u0323"
	n := 0
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(tones, r) {
			n++
			return -1
		}
		return r
	}, norm.NFD.String(strings.ToLower(word)))
	return n <= 1 && wellFormed.MatchString(norm.NFC.String(plain))
}
