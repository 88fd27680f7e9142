import ArgumentParser
import Glibc

/// A size on the command line: bytes (`4096`), or thousands of them (`500k`, `20M`, `20MB`, `1.5G`, `2T`).
struct SizeArgument: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        var number = argument[...]
        var unit = 1.0
        if let last = number.last, "bB".contains(last) { number.removeLast() }
        if let last = number.last, let place = "kMGT".firstIndex(of: last == "K" ? "k" : last) {
            number.removeLast()
            for _ in 0...("kMGT".distance(from: "kMGT".startIndex, to: place)) { unit *= 1000 }
        }
        guard TimeArgument.isPlainNumber(number, allowsPoint: true), let value = Double(number),
            let bytes = Int64(exactly: (value * unit).rounded())
        else { return nil }
        self.bytes = bytes
    }
}

/// A date on the command line: `2026-01-31`, with a time of the day where wanted (`2026-01-31T18:30`, seconds too, a space
/// for the T), in local time unless `Z` or an offset (`+02:00`) follows.
struct DateArgument: ExpressibleByArgument {
    /// Since 1970.
    let seconds: Double

    init?(argument: String) {
        var rest = argument[...]
        guard let year = Self.digits(4, &rest), Self.take("-", &rest), let month = Self.digits(2, &rest),
            Self.take("-", &rest), let day = Self.digits(2, &rest)
        else { return nil }
        var clock = (hour: 0, minute: 0, second: 0)
        if Self.take("T", &rest) || Self.take(" ", &rest) {
            guard let hour = Self.digits(2, &rest), Self.take(":", &rest), let minute = Self.digits(2, &rest)
            else {
                return nil
            }
            clock = (hour, minute, 0)
            if Self.take(":", &rest) {
                guard let second = Self.digits(2, &rest) else { return nil }
                clock.second = second
            }
        }
        guard let offset = Self.offset(&rest), rest.isEmpty, (0...23).contains(clock.hour),
            (0...59).contains(clock.minute), (0...59).contains(clock.second)
        else { return nil }
        var date = tm()
        (date.tm_year, date.tm_mon, date.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        (date.tm_hour, date.tm_min, date.tm_sec) = (
            Int32(clock.hour), Int32(clock.minute), Int32(clock.second)
        )
        date.tm_isdst = -1
        let seconds = offset == .local ? mktime(&date) : timegm(&date)
        // February 30 would have become another day.
        guard date.tm_mon == Int32(month - 1), date.tm_mday == Int32(day) else { return nil }
        if case .east(let minutes) = offset {
            self.seconds = Double(seconds - 60 * minutes)
        } else {
            self.seconds = Double(seconds)
        }
    }

    private enum Offset: Equatable {
        case local
        case east(minutes: Int)
    }

    private static func offset(_ rest: inout Substring) -> Offset? {
        if rest.isEmpty { return .local }
        if take("Z", &rest) { return .east(minutes: 0) }
        let isWest = rest.first == "-"
        guard take("-", &rest) || take("+", &rest), let hours = digits(2, &rest), take(":", &rest),
            let minutes = digits(2, &rest), hours < 24, minutes < 60
        else { return nil }
        return .east(minutes: (isWest ? -1 : 1) * (60 * hours + minutes))
    }

    private static func take(_ character: Character, _ rest: inout Substring) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private static func digits(_ count: Int, _ rest: inout Substring) -> Int? {
        let digits = rest.prefix(count)
        guard digits.utf8.count == count, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        rest.removeFirst(count)
        return Int(digits)
    }
}
