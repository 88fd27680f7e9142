extension Double {
    /// The number with so many digits behind the point.
    package func fixed(_ decimals: Int) -> String {
        guard isFinite, magnitude < 1e12 else { return "\(self)" }
        let scale = (0..<decimals).reduce(1) { scale, _ in 10 * scale }
        let scaled = Int((magnitude * Double(scale)).rounded())
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let fraction = String(scaled % scale)
        let padding = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(scaled / scale).\(padding)\(fraction)"
    }
}
