import Distributions
import Foundation
import Indexing
import Testing
import TestSupport

/// `moments.bin`, `clips.bin` and `scenes.bin` as each version was first written: what is mapped is never read in another way
/// than it was meant, and what is older is made anew. A change of the layout without another version would show here.
@Suite struct GoldenDerivedFilesTests {
    private static let fixtures = URL(fileURLWithPath: Repository.fixtures("golden/formats"))
    private static let names = ["moments", "clips", "scenes"]

    /// Of which exp computes nothing, so that distances from it are the same on every machine.
    private static let query = Moments(mean: [0, 0.25, -0.5, 1], variance: [0.5, 1, 2, 0.25])

    /// The rows of each file: whose they are, and how far from the query, as they were when version 3 was the newest.
    private static let answers: [(kind: MomentsKind, rows: [(video: Int64, distance: Double)])] = [
        (.videos, [(1, 1.5043129188438786), (3, 0.8541200862978497)]),
        (
            .clips,
            [
                (1, 2.98522805866741), (1, 3.3177620073715888), (3, 4.1693044791509415),
                (3, 2.97526172308533), (3, 2.554392757810759), (3, 2.204855114416227),
            ]
        ),
        // The last of a video is the whole of it.
        (
            .scenes,
            [
                (1, 1.504312903425535), (3, 0.8999881169028615), (3, 0.8042019439295707),
                (3, 0.8541200862978497),
            ]
        ),
    ]

    private func inode(_ path: String) throws -> Int {
        try #require(
            FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int, "\(path)")
    }

    /// Clips came with version 2, scenes with version 3.
    @Test(arguments: [
        (version: 1, files: 1, isMapped: false), (version: 2, files: 2, isMapped: false),
        (version: 3, files: 3, isMapped: true),
    ])
    func everyVersionGivesWhatItMeant(version: Int, files: Int, isMapped: Bool) throws {
        let folder = try TemporaryFolder()
        try GoldenFormat1.write(to: folder.path)
        let names = Self.names.prefix(files)
        for name in names {
            try FileManager.default.copyItem(
                at: Self.fixtures.appendingPathComponent("\(name)-\(version).bin"),
                to: URL(fileURLWithPath: "\(folder.path)/\(name).bin"))
        }
        let before = try names.map { try inode("\(folder.path)/\($0).bin") }
        let index = try VideoIndex.open(
            readingFrom: folder.path, expecting: IndexModel(name: "golden", fingerprint: "feed", dimension: 4)
        )
        defer { index.close() }
        // What is read off a file is the same everywhere; what is made anew differs in a float's last bit where exp does.
        let tolerance = isMapped ? 1e-12 : 1e-6
        for (kind, expected) in Self.answers {
            let rows = try self.rows(index.unverifiedMoments(of: kind))
            #expect(rows.map(\.video) == expected.map(\.video), "\(kind)")
            for (row, answer) in zip(rows, expected) {
                let distance = Bhattacharyya.closedForm(Self.query, row.moments)
                #expect(abs(distance - answer.distance) <= tolerance * answer.distance, "\(kind)")
            }
        }
        try expectWhatIsStored(index)
        // Made anew, they are other files.
        for (name, number) in zip(names, before) {
            #expect(try (inode("\(folder.path)/\(name).bin") == number) == isMapped, "\(name)")
        }
    }

    /// The rows of a file, each of which is whole.
    private func rows(_ table: MomentsTable) -> [(video: Int64, moments: Moments)] {
        #expect(table.verify())
        return table.withRows { rows in
            (0..<rows.count).map { (rows.video($0), rows.moments($0)) }
        }
    }

    /// Number for number what the database has, where that is stored and not computed.
    private func expectWhatIsStored(_ index: VideoIndex) throws {
        let videos = try rows(index.moments())
        let clips = try rows(index.unverifiedMoments(of: .clips))
        var row = 0
        for (place, number) in [1, 3].enumerated() {
            let sample = Sample(number, dimension: 4)
            #expect(videos[place].moments == sample.mixture.moments())
            for gaussian in sample.mixture.components {
                #expect(clips[row].moments.mean == gaussian.mean)
                row += 1
            }
        }
    }
}
