package roster

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// stripInvisible takes out the characters that only tell programs how to show others: marks of direction, soft
// hyphens, joiners, byte order marks.
func stripInvisible(text string) string {
	if ascii(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, text)
}

// clean is a cell as it is meant: without what cannot be seen, single spaces, composed letters.
func clean(cell string) string {
	return norm.NFC.String(strings.Join(strings.Fields(stripInvisible(cell)), " "))
}

// flawOf says why a cell as it stands in the file can be no code, level or name; empty if nothing speaks against it.
func flawOf(cell string) (p Problem, value string) {
	shown := clean(cell)
	switch {
	case strings.ContainsFunc(shown, func(r rune) bool { return unicode.Is(unicode.Cc, r) || r == unicode.ReplacementChar }):
		return ProblemBadCharacter, shown
	case isErrorValue(shown):
		return ProblemErrorValue, shown
	case isDate(shown):
		return ProblemDateValue, shown
	}
	switch legacyFont(cell) {
	case "":
		return "", ""
	case "UTF-8":
		return ProblemWrongEncoding, shown
	}
	return ProblemLegacyFont, shown
}

// errorValues are what spreadsheets show in the place of a value that they cannot compute.
var errorValues = []string{ //nolint:gochecknoglobals // immutable table
	"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!",
	"#PYTHON!", "#GETTING_DATA", "#ERROR!", "NaN",
}

var libreOfficeError = regexp.MustCompile(`^(#?Err:\d{3}|#+)$`) // a column that is too narrow shows only the sign

func isErrorValue(text string) bool {
	return slices.Contains(errorValues, text) || libreOfficeError.MatchString(text)
}

// dates as spreadsheets write them, also where they took a code such as 1-3 for one.
var dates = regexp.MustCompile(`(?i)^(` +
	`(0?[1-9]|[12]\d|3[01])[-./](0?[1-9]|1[0-2])[-./](19|20)\d\d|` +
	`(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/(19|20)?\d\d|` +
	`(19|20)\d\d[-/](0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?|` +
	`\d{1,2}[- ](` + months + `)([- ]\d{2,4})?|` +
	`(` + months + `)[- ]\d{2,4}` +
	`)$`)

const months = `jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|thg ?\d{1,2}`

func isDate(text string) bool { return dates.MatchString(text) }
