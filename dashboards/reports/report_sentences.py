"""The sentences of a report's body, the same in Word and in PDF."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards.furthest_behind import WORST_FIRST
from dashboards.reports.report_content import ISSUER, Report, ReportFigure, Work
from dashboards.words import SPACE, sentence
from geo.target_states import TargetState

MOST_LATE = 10
"""Overdue tasks named in the body; the annex has them all."""
NATION = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
ISSUER_CAPS = ISSUER.upper()
ON_BEHALF = f"TM. {ISSUER_CAPS}"
ROMAN = ("I", "II", "III", "IV", "V")
GAP = 6 * SPACE
"""Left blank, to be written in by hand."""
NUMBER = f"Số:{GAP}/BC-UBND"
REACHED = "Trong ngoặc: số hộ đã gặp, đã được hỏi so với tổng số hộ của thôn."
NO_ROWS = "Chưa có số liệu."
FOR_CHAIRMAN = ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH")
CHAIRMAN = ("CHỦ TỊCH",)


@dataclass(frozen=True)
class ReportSection:
    """A part of the body: its heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


def signature(report: Report) -> tuple[str, ...]:
    """The lines above the signer's name."""
    return (ON_BEHALF, *(CHAIRMAN if report.is_chairman else FOR_CHAIRMAN))


def place_and_day(report: Report) -> str:
    """Place, and a day that is left blank."""
    return f"{report.place}, ngày{GAP}tháng{GAP}năm {report.as_of[:4]}"


def opening(report: Report) -> str:
    return (
        f"{report.issuer} báo cáo kết quả thực hiện Kế hoạch {report.plan} trong {report.label}. Số liệu "
        f"{report.received}; do các tổ công nghệ số cộng đồng khảo sát từng nhà và do các đơn vị báo cáo, nguồn "
        "ghi ở từng chỉ tiêu. Phần trăm được cắt bớt chữ số, không làm tròn lên."
    )


def closing(report: Report) -> str:
    """Ends with the mark that ends a document of the state."""
    return (
        f"Trên đây là báo cáo kết quả thực hiện Kế hoạch {report.plan} trong {report.label}, {report.issuer} "
        "trân trọng báo cáo./."
    )


def parts(report: Report) -> tuple[ReportSection, ...]:
    """The body, its headings numbered in Roman figures."""
    bodies = [
        ("Khảo sát từng nhà", tuple(_survey(report))),
        ("Kết quả so với mức giao", tuple(_figures(report))),
        ("Giúp người dân", tuple(_help(report))),
        ("Nhiệm vụ của kế hoạch", tuple(_tasks(report))),
        ("Đánh giá, kiến nghị", report.remarks),
    ]
    said = [(heading, body) for heading, body in bodies if body]
    return tuple(
        ReportSection(f"{roman}. {heading.upper()}", body)
        for roman, (heading, body) in zip(ROMAN, said, strict=False)
    )


def _survey(report: Report) -> Iterable[str]:
    if not report.households:
        yield f"Đã gặp {report.visited} hộ. Chưa có số hộ chính thức của các thôn nên chưa tính được tỷ lệ."
    else:
        share = f" ({report.visited_share})" if report.visited_share else ""
        during = f" (trong kỳ gặp thêm {report.met} hộ)" if report.met else ""
        yield (
            f"Đã gặp {report.visited}/{report.households} hộ{share}{during}. Số hộ theo {report.households_source}. "
            "Kết quả theo thôn ở Phụ lục II."
        )
        if report.uncounted:
            yield f"{report.uncounted}."
    yield (
        f"Một chỉ tiêu về hộ hoặc người chỉ được kết luận đạt hay không khi đã khảo sát từ {report.min_reach} số hộ. "
        "Thôn mới có dưới 5 hộ trả lời và các số có thể để lộ câu trả lời của từng hộ thì không nêu."
    )
    if report.second_visits:
        yield report.second_visits


def _figures(report: Report) -> Iterable[str]:
    if not report.figures:
        yield "Chưa nạp kế hoạch của năm."
        return
    told = [(state.words, report.in_state(state.value)) for state in WORST_FIRST]
    counted = "; ".join(f"{words} {len(figures)}" for words, figures in told if figures)
    yield f"Kế hoạch có {len(report.figures)} chỉ tiêu: {counted}. Toàn bộ ở Phụ lục I."
    for words, figures in told:
        if figures:
            tell = _name if figures[0].state == TargetState.UNKNOWN else _figure
            yield f"{sentence(words)}: {'; '.join(tell(figure) for figure in figures)}."


def _name(figure: ReportFigure) -> str:
    return figure.label


def _figure(figure: ReportFigure) -> str:
    """`Phủ sóng 5G 63,4 % (giao ≥ 80 %)`"""
    value = f" {figure.value}" if figure.value else ""
    note = next((note for note in figure.notes if note.startswith("mới khảo sát")), "")
    return f"{figure.label}{value} (giao {figure.required}{'; ' + note if note else ''})"


def _help(report: Report) -> Iterable[str]:
    if not report.help:
        yield "Trong năm chưa ghi nhận lượt giúp nào."
        return
    lines = "; ".join(
        f"{each.label[:1].lower()}{each.label[1:]} {each.period} (từ đầu năm {each.year})"
        for each in report.help
    )
    yield f"Trong kỳ, các tổ công nghệ số cộng đồng đã giúp người dân tại nhà: {lines}. Theo thôn ở Phụ lục III."


def _tasks(report: Report) -> Iterable[str]:
    if not report.tasks:
        return
    counted: dict[str, int] = {}
    for work in report.tasks:
        counted[work.state] = counted.get(work.state, 0) + 1
    every = "; ".join(f"{state} {count}" for state, count in counted.items())
    yield f"Có {len(report.tasks)} nhiệm vụ và trách nhiệm: {every}; quá hạn {len(report.late)}. Toàn bộ ở Phụ lục IV."
    if report.late:
        yield "Các việc quá hạn:"
    for work in report.late[:MOST_LATE]:
        yield f"- {_late(work)};" if work is not report.late[:MOST_LATE][-1] else f"- {_late(work)}."
    if len(report.late) > MOST_LATE:
        yield f"Còn {len(report.late) - MOST_LATE} việc quá hạn khác, nêu ở phụ lục."


def _late(work: Work) -> str:
    return f"{work.text.rstrip('.;')} (hạn {work.due}, {work.lead or 'kế hoạch không nêu đơn vị chủ trì'})"


def attached(report: Report) -> str:
    """The line under an annex's title; number and day are written in by hand."""
    year = report.as_of[:4]
    number = NUMBER.replace("Số", "số")
    return f"(Kèm theo Báo cáo {number} ngày{GAP}tháng{GAP}năm {year} của {ISSUER} {report.name})"


@dataclass(frozen=True)
class Annex:
    """A table of an annex; `widths` in millimetres of 165, `right` the columns of numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    right: frozenset[int]
    note: str = ""
    has_maps: bool = False


WIDTH = 165
"""Millimetres between the margins of A4: 210 − 30 − 15."""


def annexes(report: Report) -> tuple[Annex, ...]:
    """In the order in which the body names them; one without rows says so."""
    return (_annex_figures(report), _annex_thons(report), _annex_help(report), _annex_tasks(report))


def _annex_figures(report: Report) -> Annex:
    rows = tuple(
        (
            figure.id,
            figure.label,
            figure.required,
            figure.value or "–",
            figure.words,
            "; ".join(part for part in (*figure.notes, figure.beside, figure.source) if part),
        )
        for figure in report.figures
    )
    header = ("Mã", "Chỉ tiêu của kế hoạch", "Mức giao", "Kết quả", "Trạng thái", "Ghi chú, nguồn số liệu")
    return Annex("CÁC CHỈ TIÊU CỦA KẾ HOẠCH", header, rows, (17, 46, 20, 20, 20, 42), frozenset({2, 3}))


def _annex_thons(report: Report) -> Annex:
    def cell(text: str, reach: str) -> str:
        return f"{text}\n({reach})" if reach else text

    rows = [
        (
            thon.name,
            thon.households,
            f"{thon.visited}\n({thon.share})" if thon.share else thon.visited,
            *(cell(*pair) for pair in zip(thon.cells, thon.reaches, strict=True)),
        )
        for thon in report.thons
    ]
    header = ("Thôn", "Số hộ", "Hộ đã gặp", *report.columns)
    each = (WIDTH - 25 - 11 - 17) / max(1, len(report.columns))
    widths = (25, 11, 17, *([each] * len(report.columns)))
    numbers = frozenset(range(1, len(header)))
    return Annex(
        "KẾT QUẢ KHẢO SÁT THEO THÔN", header, tuple(rows), widths, numbers, note=REACHED, has_maps=True
    )


def _annex_help(report: Report) -> Annex:
    header = ("Thôn", *(each.label for each in report.help))
    rows = [(thon.name, *thon.cells) for thon in report.help_thons]
    if report.help:
        rows.append((f"Toàn {report.kind}, từ đầu năm", *(each.year for each in report.help)))
        rows.append((f"Toàn {report.kind}, {report.label}", *(each.period for each in report.help)))
    each_width = (WIDTH - 40) / max(1, len(report.help))
    widths = (40, *([each_width] * len(report.help)))
    return Annex(
        "SỐ NGƯỜI ĐƯỢC CÁC TỔ CÔNG NGHỆ SỐ CỘNG ĐỒNG GIÚP TẠI NHÀ, TỪ ĐẦU NĂM",
        header,
        tuple(rows),
        widths,
        frozenset(range(1, len(header))),
    )


def _annex_tasks(report: Report) -> Annex:
    header = ("Mã", "Nhiệm vụ", "Chủ trì", "Hạn", "Tình trạng", "Kết quả mới nhất")
    rows = tuple(
        (
            work.code,
            work.text,
            work.lead,
            work.due,
            f"{work.state}{', quá hạn' if work.is_late else ''}",
            work.told,
        )
        for work in report.tasks
    )
    return Annex("TIẾN ĐỘ CÁC NHIỆM VỤ", header, rows, (15, 70, 26, 19, 15, 20), frozenset())
