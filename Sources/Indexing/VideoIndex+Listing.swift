internal import GRDB

/// Which videos a list shows, and in which order.
public struct VideoListing: Sendable, Hashable {
    /// What a list can be ordered by; equal ones come by path.
    public enum Order: String, Sendable, CaseIterable {
        case path, duration, size, modified
    }

    /// A part of the path, the letters A to Z in either case; empty admits all.
    public var text = ""
    /// Seconds; shorter videos are left out, and those whose duration is unknown.
    public var shortest: Double?
    /// Seconds; longer videos are left out, and those whose duration is unknown.
    public var longest: Double?
    /// What the list is ordered by.
    public var order = Order.path
    /// Largest first.
    public var isDescending = false
    /// The most videos of one page.
    public var limit = 50
    /// Videos before the page.
    public var offset = 0

    /// The first page of all videos, by path.
    public init() {}
}

extension VideoIndex {
    /// One page of the ready videos that a listing admits, and how many it admits altogether.
    public func videos(_ listing: VideoListing) throws(IndexError) -> (total: Int, videos: [IndexedVideo]) {
        var condition = "failed = 0"
        var arguments: StatementArguments = []
        if !listing.text.isEmpty {
            condition += " AND path LIKE ? ESCAPE '\\'"
            arguments += ["%" + Self.escaped(listing.text) + "%"]
        }
        if let shortest = listing.shortest {
            condition += " AND duration >= ?"
            arguments += [shortest]
        }
        if let longest = listing.longest {
            condition += " AND duration <= ?"
            arguments += [longest]
        }
        let direction = listing.isDescending ? "DESC" : "ASC"
        let order =
            listing.order == .path ? "path \(direction)" : "\(listing.order.rawValue) \(direction), path"
        return try read { db in
            try requireStructure(db)
            let count = try db.cachedStatement(sql: "SELECT count(*) FROM video WHERE \(condition)")
            let total = try Int.fetchOne(count, arguments: arguments) ?? 0
            let page = try db.cachedStatement(
                sql: """
                    SELECT \(VideoRow.columns) FROM video WHERE \(condition) ORDER BY \(order) LIMIT ? OFFSET ?
                    """)
            let rows = try Row.fetchAll(
                page, arguments: arguments + [max(0, listing.limit), max(0, listing.offset)])
            return (total, try rows.map { try VideoRow($0, folder: folder).video })
        }
    }

    /// The ready videos that are damaged, or whose time stamps were put right, by path; none of an older format.
    public func videosInTrouble() throws(IndexError) -> [IndexedVideo] {
        guard formatVersion >= 3 else { return [] }
        return try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(VideoRow.columns) FROM video
                    WHERE failed = 0 AND (times_mended <> 0 OR decoded_share <> 1) ORDER BY path
                    """)
            return try rows.map { try VideoRow($0, folder: folder).video }
                .filter { $0.facts.areTimesMended || $0.facts.isDamaged }
        }
    }

    /// The text with LIKE's own signs taken as they are.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character == "%" || character == "_" || character == "\\" { result += "\\" }
            result.append(character)
        }
    }
}
