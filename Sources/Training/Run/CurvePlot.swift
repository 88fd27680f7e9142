/// Line charts as SVG, one panel below the other, without any style sheet or script.
public struct CurvePlot: Sendable {
    /// One line.
    public struct Series: Sendable, Equatable {
        /// Shown in the legend.
        public var name: String
        /// (x, y), in the order in which they are joined; those that are not finite are left out.
        public var points: [SIMD2<Double>]

        /// Names a line.
        public init(name: String, points: [SIMD2<Double>]) {
            self.name = name
            self.points = points
        }
    }
    /// One pair of axes.
    public struct Panel: Sendable {
        /// Above the axes.
        public var title: String
        /// What x is.
        public var xLabel: String
        /// Drawn in this order.
        public var series: [Series]

        /// Names a chart.
        public init(title: String, xLabel: String, series: [Series]) {
            self.title = title
            self.xLabel = xLabel
            self.series = series
        }
    }

    private static let colors = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b"]
    private static let (width, height) = (720.0, 260.0)
    private static let (left, right, top, bottom) = (70.0, 150.0, 34.0, 44.0)

    /// The whole document.
    public static func svg(_ panels: [Panel]) -> String {
        let total = Int(height) * max(1, panels.count)
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(total)" \
            viewBox="0 0 \(Int(width)) \(total)" font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>

            """
        for (index, panel) in panels.enumerated() {
            text += "<g transform=\"translate(0 \(Int(height) * index))\">\n\(draw(panel))</g>\n"
        }
        return text + "</svg>\n"
    }

    private static func draw(_ panel: Panel) -> String {
        let lines = panel.series.map { series in
            Series(name: series.name, points: series.points.filter { $0.x.isFinite && $0.y.isFinite })
        }
        let points = lines.flatMap(\.points)
        let x = Axis(points.map(\.x), from: left, to: width - right)
        let y = Axis(points.map(\.y), from: height - bottom, to: top)
        var text = "<text x=\"\(left)\" y=\"20\" font-weight=\"bold\">\(escaped(panel.title))</text>\n"
        for tick in y.ticks {
            let place = short(y.place(tick))
            text +=
                "<line x1=\"\(left)\" x2=\"\(width - right)\" y1=\"\(place)\" y2=\"\(place)\" stroke=\"#ddd\"/>\n"
            text +=
                "<text x=\"\(left - 6)\" y=\"\(place)\" dy=\"4\" text-anchor=\"end\">\(short(tick))</text>\n"
        }
        for tick in x.ticks {
            text += "<text x=\"\(short(x.place(tick)))\" y=\"\(height - bottom + 16)\" "
            text += "text-anchor=\"middle\">\(short(tick))</text>\n"
        }
        text += "<text x=\"\((left + width - right) / 2)\" y=\"\(height - 10)\" text-anchor=\"middle\">"
        text += "\(escaped(panel.xLabel))</text>\n"
        for (index, line) in lines.enumerated() {
            let color = colors[index % colors.count]
            let path = line.points.map { "\(short(x.place($0.x))),\(short(y.place($0.y)))" }
            text += "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"1.5\" "
            text += "points=\"\(path.joined(separator: " "))\"/>\n"
            text +=
                "<text x=\"\(width - right + 8)\" y=\"\(top + 12 + 16 * Double(index))\" fill=\"\(color)\">"
            text += "\(escaped(line.name))</text>\n"
        }
        return text
    }

    /// A range of values on a range of pixels, with round numbers between.
    private struct Axis {
        let low: Double
        let high: Double
        let start: Double
        let end: Double

        init(_ values: [Double], from start: Double, to end: Double) {
            let (least, most) = (values.min() ?? 0, values.max() ?? 1)
            // A constant still needs a range around it.
            let pad = most > least ? 0 : max(1e-9, abs(least) * 0.1)
            (low, high) = (least - pad, most + pad)
            self.start = start
            self.end = end
        }

        func place(_ value: Double) -> Double { start + (value - low) / (high - low) * (end - start) }

        var ticks: [Double] {
            let span = high - low
            guard span.isFinite, span > 0 else { return [] }
            var step = 1.0
            while step < span { step *= 10 }
            while step > span { step /= 10 }
            if span / step < 2 { step /= 5 } else if span / step < 5 { step /= 2 }
            let first = (low / step).rounded(.up)
            return (0...20).map { (first + Double($0)) * step }.filter { $0 <= high }
        }
    }

    private static func short(_ value: Double) -> String {
        let size = abs(value)
        if size != 0 && (size < 1e-3 || size >= 1e7) {
            var (digits, exponent) = (value, 0)
            while abs(digits) >= 10 { (digits, exponent) = (digits / 10, exponent + 1) }
            while abs(digits) < 1 { (digits, exponent) = (digits * 10, exponent - 1) }
            return "\((digits * 100).rounded() / 100)e\(exponent)"
        }
        let rounded = (value * 1000).rounded() / 1000
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, letter in
            switch letter {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(letter)
            }
        }
    }
}
