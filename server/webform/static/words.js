/** What the page says, Vietnamese first. A form speaks its own languages; these are the words around it. */

const VI = {
  add: "Thêm", accept: "Lấy vị trí này", accuracy: "Độ chính xác ±{m} m", again: "Lấy lại",
  allow_location:
    "Trang này chưa được phép xem vị trí. iPhone: Cài đặt › Quyền riêng tư › Dịch vụ định vị › Safari › Khi dùng, bật Vị trí chính xác; rồi tải lại trang.",
  answer_needed: "Câu này cần trả lời.", answer_wrong: "Câu trả lời chưa hợp lệ.", back: "Quay lại",
  barcode: "Quét mã vạch", camera_none: "Không mở được máy ảnh. Hãy cho phép trang này dùng máy ảnh trong Cài đặt, hoặc gõ mã vào ô trên.", cannot: "Biểu mẫu này chưa dùng được trên web ({why}). Hãy dùng ODK Collect.", cancel: "Thôi",
  clear: "Xóa",
  code_lost: "Mã này không còn dùng được. Danh sách hộ đã được xóa khỏi máy; phiếu đã điền vẫn còn và sẽ gửi khi anh/chị mở mã mới.",
  code_typed: "Hoặc nhập tên và mật khẩu trên tờ mã QR", continue: "Điền tiếp",
  delete: "Xóa nháp", delete_sure: "Xóa phiếu nháp này? Không lấy lại được.", draft: "Nháp, {at}", drafts: "Phiếu đang điền dở",
  empty: "Chưa có biểu mẫu nào. Khi có mạng, bấm Cập nhật.", file: "Chọn tệp", film: "Quay hoặc chọn phim",
  forms: "Biểu mẫu", finish: "Hoàn thành và gửi", finished: "Đã xong. Phiếu nằm trong máy và tự gửi khi có mạng.",
  has_file: "Đã có tệp", home_screen:
    "Để phiếu không mất: bấm nút Chia sẻ của Safari, chọn Thêm vào MH chính, rồi luôn mở Từng Nhà từ đó. Safari xóa dữ liệu của trang 7 ngày không mở.",
  home_screen_after:
    "Khi đã gửi hết phiếu và điền xong các phiếu nháp ở đây, hãy thêm Từng Nhà vào MH chính (nút Chia sẻ › Thêm vào MH chính): phiếu đang nằm trong Safari không sang đó được. Safari xóa dữ liệu của trang 7 ngày không mở.",
  keeps_nothing:
    "Trình duyệt này không cho trang giữ phiếu trong máy (đang chặn cookie và dữ liệu trang). Hãy mở bằng Safari hoặc Chrome, hay bỏ chặn trong Cài đặt rồi tải lại trang.",
  language: "English", leave: "Lưu nháp và thoát", leave_unkept: "Máy hết chỗ nên phiếu này chưa lưu được. Vẫn thoát và mất những câu chưa lưu?", line: "{n} điểm", locating: "Đang tìm vị trí …", location: "Lấy vị trí",
  lists_gone:
    "Danh sách mà phiếu này cần không còn trong máy. Hãy bấm Cập nhật khi có mạng rồi mở lại; phiếu nháp vẫn còn.",
  location_none: "Không lấy được vị trí. Hãy ra chỗ thoáng rồi thử lại.", next: "Tiếp", no_match: "Không có tên nào khớp.",
  map: "Bản đồ nhỏ", map_add: "Đặt điểm ở giữa", map_further: "Xem rộng hơn", map_nearer: "Xem gần hơn", map_step: "ô {m}",
  map_hint: "Chạm để đặt điểm, kéo để dời bản đồ. Bàn phím: mũi tên, + và −, Enter đặt điểm ở giữa, phím lùi bỏ điểm cuối.",
  points_clear: "Xóa hết", points_clear_sure: "Xóa hết các điểm của câu này?",
  more_match: "Còn {n} mục nữa: gõ thêm vài chữ.", name: "Tên", not_code: "Mã trong địa chỉ không đúng. Hãy quét lại mã QR của anh/chị.",
  no_space: "Máy hết chỗ nên chưa lưu được. Hãy gửi các phiếu đang chờ, xóa bớt ảnh trong máy, rồi làm lại.",
  not_loaded: "Trang này chưa tải xong. Khi có mạng, hãy tải lại trang một lần rồi mở biểu mẫu.",
  offline: "Chưa có mạng: phiếu nằm trong máy.", offline_to_sign_in: "Chưa có mạng. Hãy bật dữ liệu di động hay Wi-Fi rồi bấm lại.", old_browser: "Trình duyệt này quá cũ. Cần iOS 15.4 trở lên, hoặc dùng ODK Collect trên Android.",
  open_elsewhere: "Phiếu này đang mở ở một thẻ khác. Hãy điền tiếp ở thẻ ấy, hoặc đóng nó rồi mở lại ở đây.",
  open_failed: "Không mở được biểu mẫu này trên web: {why} Hãy dùng ODK Collect hoặc báo cán bộ.", opening: "Đang mở biểu mẫu …", open_in_browser:
    "Trang này đang mở trong ứng dụng khác nên không giữ được phiếu. Bấm ⋯ (hoặc ⋮) rồi chọn mở bằng Safari, Chrome.",
  password: "Mật khẩu", photo: "Chụp hoặc chọn ảnh", photo_unreadable: "Không đọc được ảnh này. Hãy chụp lại.", photo_unseen: "Ảnh đã lưu; trình duyệt này không hiện được loại ảnh ấy.", point: "Ghi một điểm",
  point_back: "Bỏ điểm cuối", poster_again: "Thử lại", poster_begin: "Trả lời",
  poster_failed: "Máy chủ chưa nhận được. Xin thử lại sau ít phút.",
  poster_kept: "Câu trả lời còn nguyên trên trang này, xin đừng đóng trang.", poster_number: "Số phiếu: {n}", poster_number_why:
    "Muốn xem hay xóa câu trả lời này, hãy đọc số phiếu cho cán bộ {level}. Điện thoại không giữ lại gì.",
  poster_offline: "Chưa có mạng. Xin kiểm tra mạng rồi thử lại.", poster_old:
    "Trình duyệt này quá cũ nên không mở được phiếu. Bấm ⋯ rồi chọn mở bằng Chrome hoặc Safari, hoặc trả lời trực tiếp ở {level}.",
  poster_opening: "Đang mở phiếu …", poster_send_again: "Gửi lại", poster_sent: "Cán bộ {level} đã nhận câu trả lời của ông/bà.",
  poster_thanks: "Xin cảm ơn!", progress: "Câu {at} / {of}", rank_down: "Xuống", rank_up: "Lên", recalculated:
    "Không tính được câu này: {why}", record: "Ghi âm hoặc chọn tệp", remove: "Bỏ phần này", remove_sure: "Bỏ phần này và các câu trả lời trong đó?",
  review: "Xem lại", round: "{label} ({n})", round_more: "Thêm một phần nữa: {label}?", saved: "Đã lưu trong máy",
  scan: "Quét mã QR “Phiếu trên web” của anh/chị bằng máy ảnh của điện thoại, rồi mở đường dẫn.", search: "Gõ tên, không cần dấu",
  send: "Gửi ngay", sending: "Đang gửi …", sent: "Đã gửi {n} phiếu.", sign: "Ký hoặc vẽ bằng ngón tay", sign_in: "Mở phiếu của tôi",
  skip: "Chưa trả lời", start: "Điền phiếu mới", still: "Còn {n} câu cần xem lại:",
  stranger: "Mạng này chưa ra được Internet (Wi-Fi có thể đòi đăng nhập): phiếu nằm trong máy.",
  stranger_to_sign_in: "Mạng này chưa ra được Internet (Wi-Fi có thể đòi đăng nhập). Hãy đổi mạng rồi bấm lại.", take_photo: "Ảnh đã lưu", title: "Phiếu trên web",
  kept: "Đã gửi: {answer}. Câu này giữ nguyên nếu không trả lời lại.", file_sent: "Xem tệp đã gửi", corrected: "đã sửa",
  correct_title: "Sửa câu trả lời", correct_note:
    "Chỉ sửa khi đã hỏi lại hộ hoặc người đi thăm. Bấm vào câu cần sửa; câu không đụng tới giữ nguyên từng chữ. Bản cũ được giữ trong lịch sử.",
  correct_why: "Vì sao sửa", correct_why_hint: "Đã hỏi lại ai, khi nào. Không ghi tên người dân. Lý do hiện trong lịch sử của phiếu.",
  correct_save: "Lưu bản sửa", correct_leave: "Thôi, không sửa", correct_list: "Mọi câu", correct_wrong: "Chưa lưu được. Hãy xem các câu được đánh dấu.",
  correct_failed: "Không mở được phiếu này trên web: {why}.", correct_by_answer: "Sửa từng câu không qua biểu mẫu",
  correct_offline: "Chưa gửi được: không có mạng. Bản sửa vẫn còn trên màn hình; hãy bấm Lưu lại.", correct_signed_out:
    "Phiên làm việc đã hết. Hãy đăng nhập ở một thẻ khác, rồi quay lại đây bấm Lưu lần nữa; bản sửa vẫn còn trên màn hình.",
  trial: "Thử biểu mẫu", trial_note: "Đây là bản nháp với các hộ bịa ra. Phiếu thử không tính vào số liệu; ảnh không được giữ.",
  update: "Cập nhật", updated: "Cập nhật lúc {at}", updating: "Đang cập nhật …", waiting: "{n} phiếu chờ gửi", waiting_none: "Không có phiếu chờ gửi",
  waits: "Phiếu chờ gửi", wiped_old:
    "Danh sách hộ đã cũ quá 14 ngày (theo ngày giờ của máy) nên được xóa khỏi máy; phiếu nháp và phiếu chờ gửi vẫn còn. Hãy bấm Cập nhật khi có mạng.",
};

const EN = {
  add: "Add", accept: "Use this location", accuracy: "Accuracy ±{m} m", again: "Take again",
  allow_location: "This page may not see the location. iPhone: Settings › Privacy › Location Services › Safari › While Using, Precise; then reload.",
  answer_needed: "This question needs an answer.", answer_wrong: "This answer is not valid.", back: "Back", barcode: "Scan a barcode",
  camera_none: "The camera cannot be opened. Allow this page to use it in the settings, or type the code above.",
  cannot: "This form cannot be used on the web yet ({why}). Please use ODK Collect.", cancel: "Cancel",
  clear: "Clear",
  code_lost: "This code is no longer valid. Lists of households were removed; finished forms stay and go out with a new code.",
  code_typed: "Or type the name and password of your sheet", continue: "Continue",
  delete: "Delete draft", delete_sure: "Delete this draft? It cannot be undone.", draft: "Draft, {at}", drafts: "Unfinished forms",
  empty: "No forms yet. Press Update when there is a network.", file: "Choose a file", film: "Record or choose a film", forms: "Forms",
  finish: "Finish and send", finished: "Done. The form is on this phone and is sent when there is a network.",
  has_file: "A file is here", home_screen: "So that nothing is lost: press Share in Safari, choose Add to Home Screen, and always open Từng Nhà from there. Safari removes a page's data after 7 days without a visit.",
  home_screen_after: "When all forms here are sent and drafts are finished, add Từng Nhà to the Home Screen (Share › Add to Home Screen): forms kept in Safari do not move there. Safari removes a page's data after 7 days without a visit.",
  keeps_nothing:
    "This browser lets the page keep nothing (cookies and site data are blocked). Open it in Safari or Chrome, or allow them in the settings, then reload.",
  language: "Tiếng Việt", leave: "Save draft and leave", leave_unkept: "The phone is full, so this form was not saved. Leave all the same and lose what was not saved?", line: "Points: {n}", locating: "Locating …", location: "Get location",
  lists_gone: "The lists that this form needs are not on this phone any more. Press Update when there is a network; the draft is still here.",
  location_none: "No location. Go outside and try again.", next: "Next", no_match: "Nothing matches.", more_match: "{n} more: type a few letters.",
  map: "Small map", map_add: "Set a point in the middle", map_further: "Further", map_nearer: "Nearer", map_step: "grid {m}",
  map_hint: "Tap to set a point, pull to move the map. Keys: arrows, + and −, Enter sets a point in the middle, Backspace removes the last.",
  points_clear: "Remove all", points_clear_sure: "Remove all points of this question?",
  name: "Name", not_code: "The code in the address is wrong. Please scan your QR code again.",
  no_space: "The phone is full, so this was not saved. Send what waits, remove some photos, then try again.",
  not_loaded: "This page has not loaded completely. When there is a network, reload it once, then open the form.",
  offline: "No network: forms stay on this phone.", offline_to_sign_in: "No network. Switch on mobile data or Wi-Fi, then press again.", old_browser: "This browser is too old. iOS 15.4 or newer, or ODK Collect on Android.",
  open_elsewhere: "This form is open in another tab. Go on there, or close that tab and open it here again.",
  open_failed: "This form cannot be opened on the web: {why} Please use ODK Collect or tell the commune.",
  opening: "Opening the form …",
  open_in_browser: "This page is open inside another app and cannot keep forms. Press ⋯ (or ⋮) and choose Safari or Chrome.",
  password: "Password", photo: "Take or choose a photo", photo_unreadable: "This photo cannot be read. Please take it again.", photo_unseen: "The photo is kept; this browser cannot show its kind.",
  point: "Add a point", point_back: "Remove the last point", poster_again: "Try again", poster_begin: "Answer",
  poster_failed: "The server has not taken it. Please try again in a few minutes.",
  poster_kept: "Your answers are still on this page; please do not close it.", poster_number: "Number: {n}",
  poster_number_why: "To see or delete this answer, tell the commune this number. Nothing is kept on the phone.",
  poster_offline: "No network. Please check it and try again.",
  poster_old: "This browser is too old to open the form. Press ⋯ and choose Chrome or Safari, or answer at the commune's office.",
  poster_opening: "Opening the form …", poster_send_again: "Send again", poster_sent: "The commune has your answer.",
  poster_thanks: "Thank you!", progress: "Question {at} / {of}", rank_down: "Down", rank_up: "Up",
  recalculated: "This question cannot be worked out: {why}", record: "Record or choose a sound", remove: "Remove this part",
  remove_sure: "Remove this part and its answers?", review: "Review", round: "{label} ({n})", round_more: "Add another: {label}?",
  saved: "Saved on this phone", scan: "Scan your “web form” QR code with the phone's camera and open the link.",
  search: "Type a name", send: "Send now", sending: "Sending …", sent: "Forms sent: {n}.", sign: "Sign or draw with a finger",
  sign_in: "Open my forms", skip: "No answer", start: "New form", still: "Questions to look at: {n}",
  stranger: "This network does not reach the Internet (the Wi-Fi may want a password): forms stay on this phone.",
  stranger_to_sign_in: "This network does not reach the Internet (the Wi-Fi may want a password). Use another, then press again.", take_photo: "Photo saved", trial: "Trying a form",
  kept: "Sent: {answer}. It stays unless you answer again.", file_sent: "See the file that was sent", corrected: "corrected",
  correct_title: "Correct answers", correct_note:
    "Correct only what the household or the collector has confirmed. Press a question; what you do not touch stays letter for letter. The old version is kept.",
  correct_why: "Why", correct_why_hint: "Who was asked, and when. No names of residents. It is shown in the history of the visit.",
  correct_save: "Save the correction", correct_leave: "Leave without correcting", correct_list: "All questions",
  correct_wrong: "Not saved yet. Please look at the questions that are marked.", correct_failed: "This visit cannot be opened on the web: {why}.",
  correct_by_answer: "Correct answer by answer without the form", correct_offline: "Not sent: no network. The correction is still on the screen; press Save again.",
  correct_signed_out: "You have been signed out. Sign in in another tab, come back and press Save again; the correction is still on the screen.",
  trial_note: "This is a draft with invented households. What is sent counts nowhere; photos are not kept.",
  title: "Web form", update: "Update", updated: "Updated {at}", updating: "Updating …", waiting: "To be sent: {n}", waiting_none: "Nothing waits",
  waits: "Waiting to be sent", wiped_old:
    "Lists older than 14 days (by the clock of this phone) were removed from it; drafts and what waits are still here. Press Update when there is a network.",
};

let language = "vi";

export const speak = (code) => {
  language = code === "en" ? "en" : "vi";
  document.documentElement.lang = language;
};
export const spoken = () => language;

/** The sentence of that name with its {fields} filled in. */
export function say(name, fields = {}) {
  const sentence = (language === "en" ? EN : VI)[name];
  return sentence.replace(/\{(\w+)\}/g, (_, field) => fields[field] ?? "");
}

/** Letters as people type them in a hurry: no marks, đ as d, small. */
export const folded = (text) =>
  text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase();

const two = (number) => String(number).padStart(2, "0");

/** When it was, as it is written in Vietnam: 29/11 18:05. */
export function moment(milliseconds) {
  const at = new Date(milliseconds);
  return `${two(at.getDate())}/${two(at.getMonth() + 1)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
