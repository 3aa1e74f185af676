package roster

import (
	"io"

	"github.com/xuri/excelize/v2"
)

// WriteTemplate writes a workbook to be filled in: the headings that Import knows, levels to choose from, codes that
// stay texts, and a small example to be replaced.
func WriteTemplate(w io.Writer) error {
	const sheet = "Đơn vị"
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	plain, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@": 00123 stays as it is typed
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE7F0"}}})
	if err != nil {
		return err
	}
	levels := excelize.NewDataValidation(true)
	levels.SetSqref("C2:C20000")
	err = levels.SetDropList([]string{"Trung ương", "Bộ ngành", "Tỉnh", "Thành phố trực thuộc Trung ương", "Huyện", "Xã", "Phường", "Đặc khu"})
	if err != nil {
		return err
	}
	if err := f.AddDataValidation(sheet, levels); err != nil {
		return err
	}
	if err := f.SetColStyle(sheet, "A:D", plain); err != nil {
		return err
	}
	for column, width := range map[string]float64{"A": 14, "B": 16, "C": 34, "D": 48} {
		if err := f.SetColWidth(sheet, column, column, width); err != nil {
			return err
		}
	}
	for i, line := range [][]any{
		{"Mã đơn vị", "Mã cấp trên", "Cấp", "Tên đơn vị"},
		{"TW", "", "Trung ương", "Trung ương"}, {"P56", "TW", "Tỉnh", "Tỉnh Khánh Hòa"}, {"C22366", "P56", "Phường", "Phường Nha Trang"},
	} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := f.SetSheetRow(sheet, cell, &line); err != nil {
			return err
		}
	}
	if err := f.SetCellStyle(sheet, "A1", "D1", bold); err != nil {
		return err
	}
	if err := f.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	return f.Write(w)
}
