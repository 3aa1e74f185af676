package attendance

import "github.com/diemcau/diemcau/meeting"

// label is the text of an export in a language: a column, a sheet, a verdict. Programs rely on the names of the columns
// of CSV and JSON, which are no labels.
func label(lang Lang, key string) string {
	if text, ok := labels[lang][key]; ok {
		return text
	}
	if lang == Vietnamese {
		if text, ok := labels[English][key]; ok {
			return text
		}
	}
	return key
}

func levelLabel(lang Lang, level meeting.Level) string {
	if level == "" {
		return ""
	}
	return label(lang, "level."+string(level))
}

func verdictLabel(lang Lang, v Verdict) string {
	if v == "" {
		return ""
	}
	return label(lang, "verdict."+string(v))
}

var labels = map[Lang]map[string]string{ //nolint:gochecknoglobals // immutable table
	Vietnamese: {
		"endpoint": "Mã điểm cầu", "unit": "Mã đơn vị", "name": "Tên điểm cầu", "level": "Cấp", "parents": "Đơn vị cấp trên",
		"first_joined": "Vào lần đầu", "last_left": "Rời lần cuối", "total_s": "Tổng thời gian (giây)", "total": "Tổng thời gian",
		"interruptions": "Số lần gián đoạn", "from": "Từ", "to": "Đến", "end_reason": "Lý do kết thúc", "length": "Thời lượng", "drops": "Gián đoạn",
		"phone":   "Điện thoại",
		"verdict": "Kết luận", "computed": "Hệ thống tính", "override_reason": "Lý do điều chỉnh", "headcount": "Số người dự",
		"number": "STT", "group": "Đơn vị", "convened": "Triệu tập", "present": "Có mặt", "on_time": "Đúng giờ", "late": "Vào muộn",
		"partial": "Dự một phần", "absent": "Vắng mặt", "people": "Số người dự",
		"delegate": "Họ và tên", "title": "Chức vụ", "attending_for": "Dự thay",
		"round": "Lần", "opened_at": "Bắt đầu", "closed_at": "Kết thúc", "answered_at": "Trả lời lúc",
		"slot": "Khung", "granted_at": "Mời lúc", "on_air_at": "Lên sóng lúc", "returned_at": "Kết thúc lúc", "why": "Lý do",

		"what": "Nội dung", "what.present": "Kết nối", "what.decoded": "Nhận hình, tiếng (trang và máy chủ cùng thấy)",
		"what.receiver_reports": "Nhận dữ liệu (chỉ theo báo cáo đường truyền)", "device": "Thiết bị", "telephone": "điện thoại",
		"received": "Nhận hình, tiếng", "loss": "Mất gói (%)", "high": "Hình nét cao", "medium": "Hình nét vừa", "low": "Hình nét thấp",
		"no_picture": "Chỉ có tiếng", "frames": "Số khung hình", "sound": "Nghe được",

		"sheet.lines": "Đường truyền", "sheet.summary": "Tổng hợp", "sheet.groups": "Theo đơn vị", "sheet.sites": "Điểm cầu",
		"sheet.intervals": "Khoảng thời gian",
		"sheet.delegates": "Đại biểu", "sheet.roll_calls": "Điểm danh", "sheet.floor": "Phát biểu",
		"report": "BÁO CÁO ĐIỂM DANH", "nation": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "motto": "Độc lập - Tự do - Hạnh phúc",
		"slot.main": "Hình chính", "slot.presentation": "Trình chiếu", "slot.floor": "Phát biểu", "slot.floor2": "Phát biểu thứ hai",
		"why.revoked": "chủ tọa cho kết thúc", "why.returned": "điểm cầu nói xong", "why.replaced": "nhường điểm cầu khác", "why.removed": "bị đưa ra",
		"why.connection_lost": "mất kết nối", "why.ended": "phiên kết thúc",
		"status": "Kết luận", "computed_status": "Hệ thống tính", "late_s": "Vào muộn (giây)", "receiving_s": "Nhận hình, tiếng (giây)",
		"reason":     "Lý do điều chỉnh",
		"level_name": "Tên cấp", "length_s": "Thời lượng (giây)",
		"minutes": "BIÊN BẢN", "opened": "Khai mạc lúc", "closed": "Bế mạc lúc", "place": "Địa điểm", "chair": "Chủ trì", "secretary": "Thư ký",
		"sign.secretary":     "THƯ KÝ",
		"minutes.attendance": "THÀNH PHẦN DỰ HỌP", "minutes.absent": "Điểm cầu vắng mặt", "minutes.withdrawn": "Điểm cầu đã rút khỏi danh sách triệu tập",
		"minutes.phone": "Điểm cầu dự qua điện thoại", "minutes.delegates": "Đại biểu",
		"minutes.course": "NỘI DUNG VÀ DIỄN BIẾN", "minutes.conclusions": "KẾT LUẬN", "minutes.conclusion": "Kết luận", "minutes.other": "Nội dung khác",
		"minutes.spoke.main": "trình bày", "minutes.spoke.presentation": "trình chiếu", "minutes.spoke.floor": "phát biểu", "minutes.spoke.floor2": "phát biểu",
		"minutes.roll_call": "điểm danh lần %d: %d điểm cầu trả lời, %d người dự", "minutes.end": "Phiên họp kết thúc vào lúc %s cùng ngày.",
		"session": "Phiên họp", "scheduled": "Thời gian dự kiến", "started": "Bắt đầu", "ended": "Kết thúc", "as_of": "Tính đến",
		"time_zone": "Múi giờ", "rules": "Quy tắc", "entries": "Số bút toán trong sổ", "head_hash": "Mã băm cuối của sổ", "guests": "Khách mời",
		"rules.text":  "gián đoạn dưới %d giây không tính là rời; vào muộn sau %d giây; dự dưới %d%% thời gian là dự một phần",
		"absentees":   "DANH SÁCH ĐIỂM CẦU VẮNG MẶT",
		"withdrawals": "ĐIỂM CẦU ĐÃ RÚT KHỎI DANH SÁCH TRIỆU TẬP", "withdrawn": "Đã rút (không tính)", "withdrawn_at": "Rút lúc",
		"convened_at": "Triệu tập lúc", "withdrawn_reason": "Lý do rút",
		"connected_only": "Trong đó: không nhận được hình, tiếng", "connected_only_s": "Trong đó: không nhận được hình, tiếng (giây)",
		"rules.receiving_only": "chỉ tính thời gian nhận được hình, tiếng",
		"by_unit":              "TỔNG HỢP THEO ĐƠN VỊ",
		"all_sites":            "DANH SÁCH ĐIỂM CẦU",
		"sign.prepare":         "NGƯỜI LẬP BÁO CÁO", "sign.chair": "CHỦ TRÌ", "sign.note": "(Ký, ghi rõ họ tên)", "sign.date": "ngày …… tháng …… năm %d",
		"number_sign": "Số:", "addressee": "Kính gửi:", "recipients": "Nơi nhận:",
		"figures.title": "Thống kê điểm danh", "figures.from": "từ ngày", "figures.to": "đến hết ngày", "figures.total": "Cộng", "figures.sessions": "Số phiên",
		"sheet.figures.sessions": "Các phiên họp",
		"sheet.figures.units":    "Theo đơn vị", "figures.telephone": "Qua điện thoại", "figures.speakers": "Lượt điểm cầu phát biểu",
		"figures.turns": "Lần phát biểu", "figures.corrected": "Đã điều chỉnh",
		"figures.present_pct": "Có mặt (%)", "figures.spoken": "Thời gian phát biểu",
		"speakers": "DANH SÁCH PHÁT BIỂU", "all_delegates": "DANH SÁCH ĐẠI BIỂU", "corrections": "KẾT LUẬN ĐƯỢC ĐIỀU CHỈNH", "corrected_at": "Điều chỉnh lúc",
		"after_seal": "sau khi khóa sổ", "heads": "Người", "page": "Trang %d/%s", "all": "Toàn phiên",

		"level.central": "Trung ương", "level.ministry": "Bộ, ngành", "level.province": "Tỉnh", "level.district": "Huyện", "level.commune": "Xã",
		"verdict.on_time": "Đúng giờ", "verdict.late": "Vào muộn", "verdict.partial": "Dự một phần", "verdict.absent": "Vắng mặt",
		"verdict.withdrawn": "Đã rút",
		"end.open":          "đang dự", "end.left": "rời phiên", "end.lost": "mất kết nối", "end.taken_over": "thiết bị khác thay", "end.removed": "bị đưa ra",
		"end.ended": "phiên kết thúc", "end.ceased": "ngừng nhận, hoặc phiên kết thúc",
	},
	English: {
		"endpoint": "Site code", "unit": "Unit code", "name": "Site", "level": "Level", "parents": "Units above", "first_joined": "First joined",
		"last_left": "Last left",
		"total":     "Attended", "drops": "Drops", "interruptions": "Drops", "number": "No.", "override_reason": "Reason of correction", "headcount": "People",
		"from": "From", "to": "To", "end_reason": "End", "length": "Length", "phone": "Telephone", "verdict": "Verdict", "computed": "Computed",
		"delegate": "Name", "title": "Title", "attending_for": "Attends for", "round": "Round", "opened_at": "Opened", "closed_at": "Closed",
		"answered_at": "Answered",
		"slot":        "Slot", "granted_at": "Granted", "on_air_at": "On air", "returned_at": "Returned", "why": "Reason",
		"what": "What", "what.present": "connected", "what.decoded": "picture and sound arrived (page and server agree)",
		"what.receiver_reports": "data arrived (by receiver reports alone)", "device": "Device", "telephone": "telephone",
		"received": "Received", "loss": "Loss (%)", "high": "High quality", "medium": "Medium quality", "low": "Low quality",
		"no_picture": "Sound only", "frames": "Pictures", "sound": "Sound heard",

		"sheet.lines": "Lines", "sheet.summary": "Summary", "sheet.groups": "By unit", "sheet.sites": "Sites", "sheet.intervals": "Intervals",
		"sheet.delegates": "Delegates", "sheet.roll_calls": "Roll calls", "sheet.floor": "Floor",
		"report": "ATTENDANCE REPORT", "nation": "SOCIALIST REPUBLIC OF VIETNAM", "motto": "Independence - Freedom - Happiness",
		"slot.main": "Main picture", "slot.presentation": "Presentation", "slot.floor": "Floor", "slot.floor2": "Second floor",
		"why.revoked": "ended by the chair", "why.returned": "returned", "why.replaced": "replaced", "why.removed": "removed",
		"why.connection_lost": "connection lost", "why.ended": "the session ended",
		"minutes": "MINUTES", "opened": "Opened", "closed": "Closed", "place": "Place", "chair": "Chair", "secretary": "Secretary",
		"sign.secretary":     "SECRETARY",
		"minutes.attendance": "ATTENDANCE", "minutes.absent": "Absent sites", "minutes.withdrawn": "Sites withdrawn from the list",
		"minutes.phone": "Sites that attended by telephone", "minutes.delegates": "Delegates",
		"minutes.course": "PROCEEDINGS", "minutes.conclusions": "CONCLUSIONS", "minutes.conclusion": "Conclusion", "minutes.other": "Other matters",
		"minutes.spoke.main": "presented", "minutes.spoke.presentation": "showed a presentation", "minutes.spoke.floor": "spoke",
		"minutes.spoke.floor2": "spoke",
		"minutes.roll_call":    "roll call %d: %d sites answered, %d people", "minutes.end": "The session ended at %s.",
		"session": "Session", "scheduled": "Scheduled", "started": "Started", "ended": "Ended", "as_of": "As of",
		"time_zone": "Time zone", "rules": "Rules", "entries": "Ledger entries", "head_hash": "Ledger head hash", "guests": "Guests",
		"rules.text":  "a drop under %d s is no leaving; late after %d s; under %d%% of the time is partial",
		"absentees":   "ABSENT SITES",
		"withdrawals": "SITES WITHDRAWN FROM THE LIST", "withdrawn": "Withdrawn (not counted)", "withdrawn_at": "Withdrawn", "convened_at": "Convened",
		"withdrawn_reason": "Reason",
		"connected_only":   "Of which nothing arrived", "rules.receiving_only": "only the time in which picture and sound arrived counts",
		"by_unit":      "SUMMARY BY UNIT",
		"all_sites":    "SITES",
		"sign.prepare": "PREPARED BY", "sign.chair": "CHAIR", "sign.note": "(signature, full name)", "sign.date": "day …… month …… %d", "number_sign": "No.",
		"addressee": "To:", "recipients": "Copies to:",
		"figures.title": "Attendance figures", "figures.from": "from", "figures.to": "to", "figures.total": "Total", "figures.sessions": "Sessions",
		"sheet.figures.sessions": "Sessions",
		"sheet.figures.units":    "Units", "figures.telephone": "By telephone", "figures.speakers": "Sites that spoke", "figures.turns": "Times on air",
		"figures.corrected":   "Corrected",
		"figures.present_pct": "Present (%)", "figures.spoken": "Time on air",
		"speakers": "SPEAKERS", "all_delegates": "DELEGATES", "corrections": "CORRECTED VERDICTS", "corrected_at": "Corrected", "after_seal": "after the seal",
		"heads": "People", "page": "Page %d/%s", "all": "Whole session",

		"convened": "Convened", "present": "Present", "on_time": "On time", "late": "Late", "partial": "Partial", "absent": "Absent", "people": "People",
		"group":         "Unit",
		"level.central": "Central", "level.ministry": "Ministry", "level.province": "Province", "level.district": "District", "level.commune": "Commune",
		"verdict.on_time": "On time", "verdict.late": "Late", "verdict.partial": "Partial", "verdict.absent": "Absent", "verdict.withdrawn": "Withdrawn",
		"end.open": "open", "end.left": "left", "end.lost": "lost", "end.taken_over": "taken over", "end.removed": "removed", "end.ended": "ended",
		"end.ceased": "ceased, or the session ended",
	},
}
