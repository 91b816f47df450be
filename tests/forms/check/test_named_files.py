"""Files that a form names: found by phones under that very name, or refused at the cell with the way out."""

import pytest

from forms.convert_workbook import convert
from forms.errors import FormRejected

FORM = """
| survey |
| | type | name | label | appearance | media::image |
| | text | xa | Xã | | |
| | {kind} | cho | Chợ | {appearance} | {picture} |
| choices |
| | list_name | name | label | media::audio |
| | cho | ma | ten | {sound} |
| settings |
| | form_title | form_id | version |
| | Thử | thu_tep | 1 |
"""


def form(*, kind: str = "select_one cho", appearance: str = "", picture: str = "", sound: str = "") -> bytes:
    return FORM.format(kind=kind, appearance=appearance, picture=picture, sound=sound).encode()


@pytest.mark.parametrize(
    ("named", "row", "column", "said"),
    [
        ({"appearance": "search(ds_cho)"}, 3, "appearance", "tên bảng trong dấu nháy"),
        ({"appearance": "minimal search('')"}, 3, "appearance", "tên bảng trong dấu nháy"),
        ({"picture": "https://x.vn/a.png"}, 3, "media::image", "điện thoại không lấy tệp từ mạng"),
        ({"picture": "anh/giếng.png"}, 3, "media::image", "không ghi thư mục: “giếng.png”"),
        ({"picture": "C:\\anh\\giếng.png"}, 3, "media::image", "không ghi thư mục: “giếng.png”"),
        ({"sound": "am/chao.mp3"}, 2, "media::audio", "không ghi thư mục: “chao.mp3”"),
        ({"kind": "select_one_from_file ds chợ.csv"}, 3, "type", "“ds chợ.csv” phải là tên file .csv"),
    ],
)
def test_what_no_phone_finds_is_refused_at_its_cell(
    named: dict[str, str], row: int, column: str, said: str
) -> None:
    with pytest.raises(FormRejected) as rejected:
        convert(form(**named), "thu.md")
    [error] = rejected.value.errors
    assert (error.row, error.column) == (row, column)
    assert said in error.sentence


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ({"appearance": "search('ds_cho')"}, "ds_cho.csv"),
        ({"appearance": "quick search(\"Danh sách chợ\", 'contains', 'ten', ${xa})"}, "Danh sách chợ.csv"),
        ({"picture": "ảnh H'Hen (1).PNG"}, "ảnh H'Hen (1).PNG"),
        ({"picture": 'giếng "mẫu" #2 & 3%.jpg'}, 'giếng "mẫu" #2 & 3%.jpg'),
        ({"picture": "jr://images/giếng.png"}, "giếng.png"),
        ({"sound": "lời chào.mp3"}, "lời chào.mp3"),
    ],
)
def test_what_phones_find_is_asked_for_under_its_whole_name(named: dict[str, str], file: str) -> None:
    assert file in convert(form(**named), "thu.md").definition.media
