import ArgumentParser
import Base
import Glibc

/// A time on the command line: seconds (`80`, `80.5`), minutes (`1:20`) or hours (`1:02:03.5`).
struct TimeArgument: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count), let last = parts.last,
            Self.isPlainNumber(last, allowsPoint: true),
            var seconds = Double(last)
        else { return nil }
        if parts.count > 1 && seconds >= 60 { return nil }
        var unit = 60.0
        for (position, part) in parts.dropLast().reversed().enumerated() {
            guard Self.isPlainNumber(part, allowsPoint: false), let value = Double(part) else { return nil }
            // Minutes go to 59 only where hours stand before them.
            if position == 0 && parts.count == 3 && value >= 60 { return nil }
            seconds += value * unit
            unit *= 60
        }
        guard seconds.isFinite else { return nil }
        self.seconds = seconds
    }

    static func isPlainNumber(_ text: Substring, allowsPoint: Bool) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (allowsPoint && $0 == 0x2E) }
    }
}

/// Times and numbers for people.
enum TimeText {
    /// "0:05.0", "1:20.5", "1:02:03.5".
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let tenths = Int((seconds * 10).rounded())
        let (hours, minutes, rest) = (tenths / 36000, tenths / 600 % 60, tenths % 600)
        let secondsText = (rest < 100 ? "0" : "") + "\(rest / 10).\(rest % 10)"
        guard hours > 0 else { return "\(minutes):\(secondsText)" }
        return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(secondsText)"
    }

    /// "12 s", "3 min", "2 h 5 min".
    static func rough(_ seconds: Double) -> String {
        guard abs(seconds) < 1e9 else { return "very long" }
        let whole = max(0, Int(seconds.rounded()))
        if whole < 100 { return "\(whole) s" }
        let minutes = (whole + 30) / 60
        return minutes < 100 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }
}

/// Numbers of bytes for people.
enum SizeText {
    /// "812 bytes", "340 kB", "3.2 MB", "1.9 GB", "2.0 TB".
    static func rough(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return "\(bytes) bytes" }
        var (value, unit) = (Double(bytes) / 1000, 0)
        let units = ["kB", "MB", "GB", "TB"]
        // What would be rounded to a thousand is one of the next unit.
        while value >= 999.5, unit + 1 < units.count { (value, unit) = (value / 1000, unit + 1) }
        return value.fixed(value < 9.95 ? 1 : 0) + " " + units[unit]
    }
}

/// Dates for people, in local time.
enum DateText {
    /// "2026-01-31 18:30".
    static func minute(nanoseconds: Int64) -> String {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var date = tm()
        localtime_r(&seconds, &date)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(date.tm_year + 1900)-\(two(date.tm_mon + 1))-\(two(date.tm_mday)) \(two(date.tm_hour)):\(two(date.tm_min))"
    }
}
