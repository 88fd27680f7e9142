import Base
import Indexing
import Isolation

/// A video and its mixture as one line of JSON, by which other programs take part in indexing: `mixtape encode` writes such
/// lines, `mixtape import` reads them.
///
/// `gaussians` is, in base64, what an index keeps: for each clip D means, then D log variances, float16, little-endian.
/// `signatures` is the same of what the clips look like (`ClipSignature`); it may be missing or empty.
package struct MixtureLine: Sendable {
    package var model: IndexModel
    package var identity: FileIdentity
    /// The video, or why there is none.
    package var content: Result<Content, Failure>

    /// Of the JSON, more than it has.
    static let mostValues = 64

    package struct Content: Sendable {
        package var facts: StreamFacts
        package var clipCount: Int
        package var clips: ClipBytes

        package init(facts: StreamFacts, clipCount: Int, clips: ClipBytes) {
            self.facts = facts
            self.clipCount = clipCount
            self.clips = clips
        }
    }

    package struct Failure: Error, Sendable {
        package var reason: String
        package var message: String

        package init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("path", .string(identity.path)), .init("fingerprint", .string(identity.fingerprint)),
            .init("size", .number(identity.size)), .init("modified", .number(identity.modified)),
            .init(
                "model",
                [
                    "name": .string(model.name), "fingerprint": .string(model.fingerprint),
                    "dimension": .number(model.dimension),
                ]),
        ]
        switch content {
        case .failure(let failure):
            members.append(
                .init("error", ["reason": .string(failure.reason), "message": .string(failure.message)]))
        case .success(let content):
            members += UntrustedVideo.members(content.facts)
            members += [
                .init("clips", .number(content.clipCount)),
                .init("intervals", .string(content.clips.intervals.base64)),
                .init("gaussians", .string(content.clips.gaussians.base64)),
                .init("signatures", .string(content.clips.signatures.base64)),
            ]
        }
        return .object(members)
    }

    /// The line as text; of a video that would take more bytes than that, why there is none.
    ///
    /// - Parameter most: bytes, more than any line of a failure has.
    package func written(atMost most: Int) -> String {
        let text = json.serialized()
        guard text.utf8.count > most, case .success(let content) = content else { return text }
        let failure = Failure(
            reason: VideoError.Reason.encodingFailed.rawValue,
            message:
                "its \(content.clipCount) clips make a line longer than the \(most >> 20) MB that are imported"
        )
        return MixtureLine(model: model, identity: identity, content: .failure(failure)).json.serialized()
    }

    /// Of a content, with the number of a chosen stream behind it or without.
    private static func isFingerprint(_ text: String) -> Bool {
        let content = ChosenStream.content(of: text)
        return content.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            && text == ChosenStream.fingerprint(of: content, stream: ChosenStream.number(in: text))
    }

    /// Reads a line. Nothing in it is trusted.
    ///
    /// - Returns: nil where it is not such a line.
    package init?(_ json: JSONValue) {
        guard let path = json["path"]?.stringValue, path.utf8.first == UInt8(ascii: "/"),
            !path.utf8.contains(0),
            let fingerprint = json["fingerprint"]?.stringValue, fingerprint.utf8.count <= 128,
            Self.isFingerprint(fingerprint),
            let size = json["size"]?.intValue, size >= 0, let modified = json["modified"]?.intValue,
            let model = json["model"], let name = UntrustedVideo.text(model["name"], atMost: 4096),
            let modelFingerprint = UntrustedVideo.text(model["fingerprint"], atMost: 128),
            !modelFingerprint.isEmpty,
            let dimension = model["dimension"]?.intValue, IndexModel.dimensions.contains(dimension)
        else { return nil }
        identity = FileIdentity(
            path: path, fingerprint: fingerprint, size: Int64(size), modified: Int64(modified))
        self.model = IndexModel(name: name, fingerprint: modelFingerprint, dimension: dimension)
        if let error = json["error"] {
            guard let reason = UntrustedVideo.text(error["reason"], atMost: 64),
                let message = UntrustedVideo.text(error["message"], atMost: 4096)
            else { return nil }
            content = .failure(Failure(reason: reason, message: message))
            return
        }
        guard !fingerprint.isEmpty, let facts = UntrustedVideo.facts(json),
            let count = json["clips"]?.intValue, count > 0,
            let intervals = json["intervals"]?.stringValue.flatMap([UInt8].init(base64:)),
            let gaussians = json["gaussians"]?.stringValue.flatMap([UInt8].init(base64:)),
            // Older versions wrote none.
            let signatures = [UInt8](base64: json["signatures"]?.stringValue ?? "")
        else { return nil }
        let clips = ClipBytes(intervals: intervals, gaussians: gaussians, signatures: signatures)
        guard clips.believable(clipCount: count, dimension: dimension) != nil else { return nil }
        content = .success(Content(facts: facts, clipCount: count, clips: clips))
    }

    package init(model: IndexModel, identity: FileIdentity, content: Result<Content, Failure>) {
        self.model = model
        self.identity = identity
        self.content = content
    }
}
