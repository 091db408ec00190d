"""A report as one HTML file that needs nothing beside it: no script, no font, no picture from elsewhere."""

from html import escape

from .report import Chart, Figure, Report, Table

_STYLE = """
:root{color-scheme:light}
body{font:15px/1.45 system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC",sans-serif;color:#17212b;
 background:#f4f6f8;margin:0}
main{max-width:1080px;margin:0 auto;padding:32px 24px}
h1{font-size:28px;margin:0}h2{font-size:17px;margin:0 0 12px}
.sub{color:#5b6b7a;margin:2px 0 24px}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(185px,1fr));gap:12px;margin-bottom:20px}
.figure,section{background:#fff;border:1px solid #dde3e9;border-radius:8px;padding:16px}
.figure b{display:block;font-size:22px;font-variant-numeric:tabular-nums}.figure span{color:#5b6b7a;font-size:13px}
.alarm{border-color:#c62f2f;background:#fdf1f0}.alarm b{color:#b02525}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:12px;margin-bottom:12px}
section{margin-bottom:12px;break-inside:avoid}
svg{width:100%;height:auto;display:block}svg text{font-size:13px;fill:#17212b}svg .v{fill:#5b6b7a}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:#5b6b7a;font-weight:600;border-bottom:1px solid #c9d2da;padding:4px 8px}
td{padding:4px 8px;border-bottom:1px solid #edf0f3}.n{text-align:right;font-variant-numeric:tabular-nums}
.none{color:#5b6b7a}
@media print{body{background:#fff}main{padding:0}}
"""
_ROW, _LABEL, _WIDTH, _BAR = 26, 110, 480, 230


def draw(report: Report) -> str:
    figures = "".join(map(_figure, report.figures))
    charts = "".join(map(_chart, report.charts))
    tables = "".join(map(_table, report.tables))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(report.title)}</title>'
        f"<style>{_STYLE}</style><main><h1>{escape(report.title)}</h1><p class=sub>{escape(report.subtitle)}</p>"
        f"<div class=figures>{figures}</div><div class=charts>{charts}</div>{tables}</main></html>\n"
    )


def _figure(figure: Figure) -> str:
    alarm = " alarm" if figure.alarm else ""
    return f'<div class="figure{alarm}"><b>{escape(figure.value)}</b><span>{escape(figure.name)}</span></div>'


def _chart(chart: Chart) -> str:
    most = max((length for _, length, _ in chart.bars), default=1) or 1
    rows = "".join(_bar(i, *bar, most) for i, bar in enumerate(chart.bars))
    height = _ROW * len(chart.bars)
    picture = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{rows}</svg>' if chart.bars else "<p class=none>none"
    return f"<section><h2>{escape(chart.title)}</h2>{picture}</section>"


def _bar(i: int, label: str, length: int, text: str, most: int) -> str:
    y, width = i * _ROW, max(2, _BAR * max(0, length) // most)
    return (
        f'<text x="{_LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(label[:16])}</text>'
        f'<rect x="{_LABEL}" y="{y + 4}" width="{width}" height="18" rx="3" fill="#2a6fb0"/>'
        f'<text class="v" x="{_LABEL + width + 8}" y="{y + 17}">{escape(text)}</text>'
    )


def _table(table: Table) -> str:
    if not table.rows:
        return f"<section><h2>{escape(table.title)}</h2><p class=none>none</section>"
    first = len(table.columns) - table.right
    head = "".join(f"<th{_side(i, first)}>{escape(name)}</th>" for i, name in enumerate(table.columns))
    body = "".join(
        "<tr>" + "".join(f"<td{_side(i, first)}>{escape(cell)}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    return f"<section><h2>{escape(table.title)}</h2><table><tr>{head}</tr>{body}</table></section>"


def _side(i: int, first: int) -> str:
    return " class=n" if i >= first else ""
