"""Lines with intervals as an SVG that reads in light and dark."""
import html
import math

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 60, 40, 300, 50
COLOURS = ("#2a7fb8", "#d1622b", "#3a9a5b", "#9a5bb5")
DASHES = ("", "2 4", "8 4")


def finite(value):
    return value is not None and not math.isnan(value)


def scale(low, high, start, end):
    reach = (high - low) or 1
    return lambda value: start + (value - low) / reach * (end - start)


def band(points, x, y, colour):
    inside = [point for point in points if finite(point[2]) and finite(point[3])]
    if len(inside) < 2:
        return ""
    corners = [(x(p[0]), y(p[2])) for p in inside] + [(x(p[0]), y(p[3])) for p in reversed(inside)]
    return f'<polygon fill="{colour}" opacity="0.12" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>\n'


def line_plot(series, title, x_label, y_label):
    """series: {name, points [(x, y, low, high)], group (colour), style (dashes)}; y is a share, shown in percent."""
    series = [entry for entry in series if entry["points"]]
    values = [value for entry in series for point in entry["points"] for value in point[1:] if finite(value)]
    places = [point[0] for entry in series for point in entry["points"]]
    low, high = math.floor(10 * max(0, min(values))) / 10, math.ceil(10 * min(1, max(values))) / 10
    x = scale(min(places), max(places), LEFT, WIDTH - RIGHT)
    y_of = scale(low, high, HEIGHT - BOTTOM, TOP)
    y = lambda value: y_of(min(high, max(low, value)))
    groups = list(dict.fromkeys(entry["group"] for entry in series))
    styles = list(dict.fromkeys(entry["style"] for entry in series))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
             "<style>svg{color:#222;background:#fff}@media(prefers-color-scheme:dark){svg{color:#ddd;background:#181818}}"
             "text{fill:currentColor}</style>\n",
             f'<text x="{LEFT}" y="20" font-size="14">{html.escape(title)}</text>\n',
             f'<text x="{LEFT}" y="{HEIGHT - 12}">{html.escape(x_label)}</text>\n',
             f'<text x="8" y="{TOP - 16}">{html.escape(y_label)}</text>\n']
    for i in range(round(10 * (high - low)) + 1):
        at = y(low + i / 10)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="currentColor" opacity="0.15"/>'
                     f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{100 * low + 10 * i:.0f} %</text>\n')
    for place in sorted(set(places)):
        parts.append(f'<text x="{x(place):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{place:g}</text>\n')
    for i, entry in enumerate(series):
        colour = COLOURS[groups.index(entry["group"]) % len(COLOURS)]
        dash = DASHES[styles.index(entry["style"]) % len(DASHES)]
        line = " ".join(f"{x(p[0]):.1f},{y(p[1]):.1f}" for p in entry["points"])
        stroke = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(band(entry["points"], x, y, colour) + f'<polyline {stroke} points="{line}"/>\n')
        at = TOP + 20 * i
        parts.append(f'<line {stroke} x1="{WIDTH - RIGHT + 15}" x2="{WIDTH - RIGHT + 45}" y1="{at}" y2="{at}"/>'
                     f'<text x="{WIDTH - RIGHT + 52}" y="{at + 4}">{html.escape(entry["name"])}</text>\n')
    return "".join(parts) + "</svg>\n"
