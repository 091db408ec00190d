"""A report as PDF, A4. Its fonts are those every reader has, of Latin letters: any other is printed as a question mark
(the HTML has them all)."""

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, TextEmphasis
from fpdf.fonts import FontFace

from .report import Chart, Figure, Report, Table

_INK, _PALE, _LINE, _BLUE, _RED = (23, 33, 43), (91, 107, 122), (201, 210, 218), (42, 111, 176), (176, 37, 37)
_PAPER = (255, 255, 255)
_MARGIN, _WIDTH = 15.0, 180.0
_TILES, _TILE = 3, 16.0
_LABEL, _BAR, _ROW = 30.0, 85.0, 6.0


def draw(report: Report) -> bytes:
    page = FPDF(format="A4")
    page.set_title(report.title)
    page.set_margin(_MARGIN)
    page.set_auto_page_break(True, _MARGIN)
    page.add_page()
    _text(page, report.title, 18, _INK, bold=True)
    _text(page, report.subtitle, 9, _PALE)
    page.ln(3)
    _figures(page, report.figures)
    for chart in report.charts:
        _chart(page, chart)
    for table in report.tables:
        _table(page, table)
    return bytes(page.output())


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")


def _font(page: FPDF, size: float, color: tuple[int, int, int], bold: bool = False) -> None:
    page.set_font("Helvetica", "B" if bold else "", size)
    page.set_text_color(*color)


def _text(page: FPDF, text: str, size: float, color: tuple[int, int, int], bold: bool = False) -> None:
    _font(page, size, color, bold)
    page.cell(0, size / 2, _latin(text), new_x="LMARGIN", new_y="NEXT")


def _figures(page: FPDF, figures: list[Figure]) -> None:
    width = _WIDTH / _TILES
    top = page.get_y()
    for i, figure in enumerate(figures):
        x, y = _MARGIN + i % _TILES * width, top + i // _TILES * (_TILE + 2)
        page.set_draw_color(*(_RED if figure.alarm else _LINE))
        page.rect(x, y, width - 3, _TILE, round_corners=True, corner_radius=1.5)
        _font(page, 13, _RED if figure.alarm else _INK, bold=True)
        page.set_xy(x + 2, y + 2)
        page.cell(width - 7, 7, _latin(figure.value))
        _font(page, 8, _PALE)
        page.set_xy(x + 2, y + 9)
        page.cell(width - 7, 5, _latin(figure.name))
    page.set_xy(_MARGIN, top + -(-len(figures) // _TILES) * (_TILE + 2) + 4)


def _chart(page: FPDF, chart: Chart) -> None:
    if page.will_page_break(8 + _ROW * len(chart.bars)):
        page.add_page()
    _text(page, chart.title, 12, _INK, bold=True)
    page.ln(1)
    most = max((length for _, length, _ in chart.bars), default=1) or 1
    for label, length, text in chart.bars:
        y, width = page.get_y(), max(0.5, _BAR * max(0, length) / most)
        _font(page, 9, _INK)
        page.cell(_LABEL - 2, _ROW, _latin(label[:16]), align="R")
        page.set_fill_color(*_BLUE)
        page.rect(_MARGIN + _LABEL, y + 1, width, _ROW - 2, "F")
        _font(page, 9, _PALE)
        page.set_xy(_MARGIN + _LABEL + width + 2, y)
        page.cell(0, _ROW, _latin(text), new_x="LMARGIN", new_y="NEXT")
    page.ln(4)


def _table(page: FPDF, table: Table) -> None:
    if page.will_page_break(30):
        page.add_page()
    _text(page, table.title, 12, _INK, bold=True)
    page.ln(1)
    if not table.rows:
        _text(page, "none", 9, _PALE)
        page.ln(4)
        return
    _font(page, 8.5, _INK)
    page.set_draw_color(*_LINE)
    page.set_fill_color(*_PAPER)
    head = FontFace(emphasis=TextEmphasis.B, color=_PALE, fill_color=_PAPER)
    sides = tuple("RIGHT" if i >= len(table.columns) - table.right else "LEFT" for i in range(len(table.columns)))
    with page.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES, headings_style=head, text_align=sides, line_height=5,
        col_widths=_widths(table),
    ) as drawn:  # fmt: skip
        for cells in (table.columns, *table.rows):
            row = drawn.row()
            for cell in cells:
                row.cell(_latin(cell))
    page.ln(4)


def _widths(table: Table) -> tuple[int, ...]:
    """By the longest word in each column, within bounds."""
    longest = [max(len(row[i]) for row in (table.columns, *table.rows)) for i in range(len(table.columns))]
    return tuple(min(60, max(8, n)) for n in longest)
