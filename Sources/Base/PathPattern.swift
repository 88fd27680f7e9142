/// A pattern of file paths, as people write them in shells.
///
/// `*` stands for any characters but `/`, `**` for any characters at all, `**/` for any folders or none, `?` for one
/// character but `/`, `[a-z]` for one of a set and `[!a-z]` for one outside it (neither is ever `/`); `\` takes the next
/// character as it is. A pattern that begins with `/` is held against the whole path, any other one against what follows
/// some `/` of it: `*.mp4` means every folder's. A pattern that fits a folder fits all that is in it. Upper and lower case
/// differ, and characters are Unicode scalars, compared as they are stored.
public struct PathPattern: Sendable, Hashable {
    /// As it was written.
    public let text: String
    private let tokens: [Token]
    private let isAbsolute: Bool

    private enum Token: Hashable {
        case scalar(Unicode.Scalar)
        case oneOf([ClosedRange<UInt32>], isNegated: Bool)
        /// One scalar that is not "/".
        case one
        case run
        case runInFolder
        /// Nothing, or something that ends with "/".
        case folders
    }

    /// Longer patterns are refused, because matching takes the product of both lengths.
    public static let longest = 4096

    /// Nil for an empty pattern, one that is too long, and one that ends within `[…]` or behind `\`.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longest, let tokens = Self.tokens(text), !tokens.isEmpty else {
            return nil
        }
        self.text = text
        self.tokens = tokens
        isAbsolute = text.hasPrefix("/")
    }

    /// Whether the pattern fits a path, or a folder above it.
    ///
    /// - Parameter path: absolute.
    public func matches(_ path: String) -> Bool {
        // Every place of the pattern that what was read so far can lead to, looked at side by side: no pattern takes more
        // than its length times the path's.
        var now = Places(count: tokens.count + 1)
        var next = now
        if isAbsolute { enter(0, &now) }
        for scalar in path.unicodeScalars {
            if scalar == "/", now.contains(tokens.count) { return true }
            next.removeAll()
            for place in now.list where place < tokens.count { step(from: place, over: scalar, &next) }
            if scalar == "/", !isAbsolute { enter(0, &next) }
            swap(&now, &next)
        }
        return now.contains(tokens.count)
    }

    private func step(from place: Int, over scalar: Unicode.Scalar, _ next: inout Places) {
        switch tokens[place] {
        case .scalar(let wanted): if scalar == wanted { enter(place + 1, &next) }
        case .one: if scalar != "/" { enter(place + 1, &next) }
        case .oneOf(let ranges, let isNegated):
            if scalar != "/", ranges.contains(where: { $0.contains(scalar.value) }) != isNegated {
                enter(place + 1, &next)
            }
        case .run: enter(place, &next)
        case .runInFolder: if scalar != "/" { enter(place, &next) }
        case .folders:
            next.insert(place)
            if scalar == "/" { enter(place + 1, &next) }
        }
    }

    /// Takes a place, and those that it leads to by reading nothing.
    private func enter(_ place: Int, _ places: inout Places) {
        var place = place
        places.insert(place)
        while place < tokens.count {
            switch tokens[place] {
            case .run, .runInFolder, .folders: place += 1
            default: return
            }
            places.insert(place)
        }
    }

    /// Places of a pattern, each once.
    private struct Places {
        private(set) var list: [Int] = []
        private var isIn: [Bool]

        init(count: Int) { isIn = Array(repeating: false, count: count) }

        func contains(_ place: Int) -> Bool { isIn[place] }

        mutating func insert(_ place: Int) {
            if isIn[place] { return }
            isIn[place] = true
            list.append(place)
        }

        mutating func removeAll() {
            for place in list { isIn[place] = false }
            list.removeAll(keepingCapacity: true)
        }
    }
}

// MARK: - Reading a pattern

extension PathPattern {
    private static func tokens(_ text: String) -> [Token]? {
        var tokens: [Token] = []
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\\":
                guard let literal = rest.popFirst() else { return nil }
                tokens.append(.scalar(literal))
            case "?": tokens.append(.one)
            case "[":
                guard let set = set(&rest) else { return nil }
                tokens.append(set)
            case "*":
                let stars = 1 + rest.prefix { $0 == "*" }.count
                rest.removeFirst(stars - 1)
                let startsName = tokens.isEmpty || tokens.last == .scalar("/")
                if stars > 1, startsName, rest.first == "/" {
                    rest.removeFirst()
                    tokens.append(.folders)
                } else {
                    tokens.append(stars > 1 ? .run : .runInFolder)
                }
            default: tokens.append(.scalar(scalar))
            }
        }
        // "folder/" is the folder.
        if tokens.count > 1, tokens.last == .scalar("/") { tokens.removeLast() }
        return tokens
    }

    /// What follows "[", to its "]"; one that stands first is a member.
    private static func set(_ rest: inout Substring.UnicodeScalarView) -> Token? {
        var ranges: [ClosedRange<UInt32>] = []
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest.removeFirst() }
        while let first = rest.popFirst() {
            if first == "]", !ranges.isEmpty { return .oneOf(ranges, isNegated: isNegated) }
            guard let low = first == "\\" ? rest.popFirst() : first else { return nil }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                rest.removeFirst(2)
                guard let taken = end == "\\" ? rest.popFirst() : end else { return nil }
                high = taken
            }
            // An empty range such as "z-a" holds nothing.
            ranges.append(low <= high ? low.value...high.value : UInt32.max...UInt32.max)
        }
        return nil
    }
}
