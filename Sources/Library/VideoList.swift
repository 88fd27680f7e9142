import Base
import Indexing
import Retrieval
import VideoDecoding

/// One page of a listing.
public struct VideoList: Sendable {
    /// What the page is of.
    public var listing: VideoListing
    /// Videos that the listing admits altogether.
    public var total: Int
    /// The page's videos.
    public var videos: [IndexedVideo]

    /// The `videos` method's result.
    public var json: JSONValue {
        [
            "total": .number(total), "offset": .number(listing.offset),
            "videos": .array(videos.map(\.json)),
        ]
    }
}

extension IndexedVideo {
    /// A video as lists show it.
    public var json: JSONValue {
        [
            "id": .number(id), "path": .string(identity.path), "fingerprint": .string(identity.fingerprint),
            "size": .number(identity.size), "modified": .number(Double(identity.modified) / 1e9),
            "container": .string(facts.container), "codec": .string(facts.codec),
            "stream": ChosenStream.number(in: identity.fingerprint).map { .number($0) } ?? .null,
            "width": .number(facts.width), "height": .number(facts.height),
            "duration": .number(facts.duration), "frame_rate": .number(facts.frameRate),
            "times_mended": .bool(facts.areTimesMended), "damaged": .bool(facts.isDamaged),
            "decoded_share": .number(facts.decodedShare),
            "clips": .number(clipCount),
        ]
    }
}

extension VideoLibrary {
    /// One page of the videos that can be found.
    public func videos(_ listing: VideoListing) throws(LibraryError) -> VideoList {
        try reader.read { (opened) throws(IndexError) in
            let (total, videos) = try opened.index.videos(listing)
            return VideoList(listing: listing, total: total, videos: videos)
        }
    }

    /// All videos that a listing and a filter admit, a page at a time and in the listing's order.
    ///
    /// - Parameters:
    ///   - limit: the most videos altogether; nil for all.
    ///   - body: takes one page, which is not empty.
    public func eachPage(
        of listing: VideoListing, filter: VideoFilter, limit: Int?, isCancelled: () -> Bool = { false },
        _ body: ([IndexedVideo]) -> Void
    ) throws(LibraryError) {
        var listing = listing
        listing.limit = 10_000
        listing.offset = 0
        var left = limit ?? .max
        while left > 0 {
            if isCancelled() { throw .cancelled }
            let page = try videos(listing).videos
            let admitted = page.filter(filter.admits).prefix(left)
            if !admitted.isEmpty { body(Array(admitted)) }
            left -= admitted.count
            if page.count < listing.limit { return }
            listing.offset += page.count
        }
    }

    /// The videos with these numbers, in the order asked; numbers that are not in the index are left out.
    public func videos(ids: [Int64]) throws(LibraryError) -> [IndexedVideo] {
        try reader.read { (opened) throws(IndexError) in try opened.index.videos(ids: ids) }
    }

    /// The video at an absolute path, or nil.
    public func video(atPath path: String) throws(LibraryError) -> IndexedVideo? {
        try reader.read { (opened) throws(IndexError) in try opened.index.video(atPath: path) }
    }
}
