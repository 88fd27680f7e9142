import Base
import Evaluation
import Foundation
import Testing
import TestSupport

@Suite struct CSVTests {
    private func rows(_ text: String) throws -> [[String]] {
        try CSVTable(text: text, path: "t.csv").rows.map(\.fields)
    }

    @Test func fieldsQuotesAndLineEnds() throws {
        #expect(try rows("a,b\n1,2\n") == [["a", "b"], ["1", "2"]])
        #expect(try rows("a,b\r\n1,\r\n") == [["a", "b"], ["1", ""]])
        #expect(try rows("\u{FEFF}a,b\n1,2") == [["a", "b"], ["1", "2"]])
        #expect(
            try rows("\"x, \"\"y\"\"\",\"two\nlines\"\n\n\"\",z") == [
                ["x, \"y\"", "two\nlines"], ["", "z"],
            ])
        #expect(try rows("a\n\n\r\nb\n") == [["a"], ["b"]])
        #expect(try rows("") == [])
        #expect(try rows("é,ü") == [["é", "ü"]])
    }

    @Test func linesAreCountedThroughQuotedBreaks() throws {
        #expect(try CSVTable(text: "\"a\nb\"\nc\n", path: "t").rows.map(\.line) == [1, 3])
    }

    @Test(arguments: [("a,\"b", 1), ("x\na\"b\"\n", 2), ("\"a\"b", 1)]) func brokenQuotes(
        text: String, line: Int
    ) {
        guard
            case .file(let path, let found, _, _)? = failure({ () throws(EvaluationError) in
                _ = try CSVTable(text: text, path: "t.csv")
            })
        else {
            Issue.record("no error for \(text)")
            return
        }
        #expect(path == "t.csv")
        #expect(found == line)
    }

    @Test func labelsAreRead() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "label,path,split\ncat,b/2.mp4,test\n,a/1.mp4,\n dog ,/c.mp4,train\r\n", to: "l.csv")
        let found = try LabelledVideos(path: path)
        #expect(found.videos.map(\.name) == ["/c.mp4", "a/1.mp4", "b/2.mp4"])
        #expect(found.videos.map(\.path) == ["/c.mp4", "\(folder.path)/a/1.mp4", "\(folder.path)/b/2.mp4"])
        #expect(found.videos.map(\.label) == ["dog", nil, "cat"])
        #expect(found.videos.map(\.role) == [.gallery, .gallery, .query])
        #expect(found.isSplit)
    }

    @Test(arguments: [
        ("", "empty"), ("a,b\n", "path and label"), ("path,label\nx\n", "1 fields"),
        ("path,label\n,y\n", "is empty"),
        ("path,label\nx,a\nx,b\n", "listed twice"),
        ("path,label,split\nx,a,left\n", "expected query or gallery"),
    ]) func brokenLabels(text: String, problem: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "l.csv")
        let error = failure { () throws(EvaluationError) in _ = try LabelledVideos(path: path) }
        #expect(error?.message.contains(problem) == true, "\(String(describing: error))")
        #expect(error?.message.hasPrefix(path) == true)
    }

    @Test func missingFilesAndFolders() throws {
        let folder = try TemporaryFolder()
        #expect(
            failure { () throws(EvaluationError) in _ = try LabelledVideos(path: "\(folder.path)/none") }?
                .message
                .contains("cannot be found") == true)
        #expect(try LabelledVideos(path: folder.path).videos == [])
    }

    @Test func foldersAreClassesAndFiltersApply() throws {
        let folder = try TemporaryFolder()
        for name in ["cat/b.mp4", "cat/deep/a.mp4", "dog/c_flipped.mp4", "loose.mp4", "cat/notes.txt"] {
            try folder.write("x", to: name)
        }
        let found = try LabelledVideos(path: folder.path + "/")
        #expect(
            found.videos.map(\.name) == ["cat/b.mp4", "cat/deep/a.mp4", "dog/c_flipped.mp4", "loose.mp4"])
        #expect(found.videos.map(\.label) == ["cat", "cat", "dog", nil])
        #expect(!found.isSplit)
        func names(_ filter: LabelledVideoFilter) -> [String] { filter.apply(found).videos.map(\.name) }
        let flipped = try #require(PathPattern("*_flipped*"))
        let cats = try #require(PathPattern("cat/*"))
        #expect(names(LabelledVideoFilter()) == ["cat/b.mp4", "cat/deep/a.mp4", "dog/c_flipped.mp4"])
        #expect(names(LabelledVideoFilter(excluded: [flipped])) == ["cat/b.mp4", "cat/deep/a.mp4"])
        #expect(names(LabelledVideoFilter(folders: ["cat/deep"])) == ["cat/deep/a.mp4"])
        #expect(names(LabelledVideoFilter(folders: ["ca"])) == [])
        #expect(
            names(LabelledVideoFilter(excluded: [cats], keepsDistractors: true)) == [
                "dog/c_flipped.mp4", "loose.mp4",
            ])

        let split = found.queries(against: found)
        #expect(split.videos.count == 7)
        #expect(split.videos.first { $0.name == "gallery/cat/b.mp4" }?.role == .gallery)
        #expect(split.videos.first { $0.name == "cat/b.mp4" }?.role == .query)
    }
}

@Suite struct SplitTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("1 Archery\r\n2 Biking\r\n", to: "u/classInd.txt")
        try folder.write("Archery/v_A_g08_c01.avi 1\r\nBiking/v_B_g08_c01.avi 2\r\n", to: "u/trainlist01.txt")
        try folder.write("Archery/v_A_g01_c01.avi\nBiking/v_B_g01_c01.avi\n", to: "u/testlist01.txt")
        try folder.write("a_[x]&1.avi 1 \nb#.avi 2 \nc.avi 0 \n", to: "h/brush_hair_test_split1.txt")
        try folder.write("d.avi 2\ne.avi 1\n", to: "h/cartwheel_test_split1.txt")
        try folder.write("nonsense", to: "h/cartwheel_test_split2.txt")
        try folder.write("x", to: "flat/v_A_g01_c01.avi")
    }

    private func message(_ split: PublishedSplit, _ place: String, number: Int = 1) -> String {
        failure { () throws(EvaluationError) in
            _ = try split.read(
                number: number, folder: "\(folder.path)/\(place)", videosIn: "\(folder.path)/flat")
        }?.message ?? ""
    }

    @Test func ucf101IsReadAsPublished() throws {
        let found = try PublishedSplit.ucf101.read(
            number: 1, folder: "\(folder.path)/u", videosIn: "\(folder.path)/flat")
        #expect(
            found.videos.map(\.name) == [
                "Archery/v_A_g01_c01.avi", "Archery/v_A_g08_c01.avi", "Biking/v_B_g01_c01.avi",
                "Biking/v_B_g08_c01.avi",
            ])
        #expect(found.videos.map(\.label) == ["Archery", "Archery", "Biking", "Biking"])
        #expect(found.videos.map(\.role) == [.query, .gallery, .query, .gallery])
        // Without folders for the classes, the file itself.
        #expect(found.videos[0].path == "\(folder.path)/flat/v_A_g01_c01.avi")
        #expect(found.videos[1].path == "\(folder.path)/flat/Archery/v_A_g08_c01.avi")
    }

    @Test func hmdb51IsReadAsPublished() throws {
        let found = try PublishedSplit.hmdb51.read(number: 1, folder: "\(folder.path)/h", videosIn: "/videos")
        #expect(
            found.videos.map(\.name) == [
                "brush_hair/a_[x]&1.avi", "brush_hair/b#.avi", "cartwheel/d.avi", "cartwheel/e.avi",
            ])
        #expect(found.videos.map(\.role) == [.gallery, .query, .query, .gallery])
        #expect(found.videos[0].path == "/videos/brush_hair/a_[x]&1.avi")
        #expect(found.videos[0].label == "brush_hair")
    }

    @Test(arguments: [
        ("classInd.txt", "1 Archery\nBiking\n", "line 2"),
        ("classInd.txt", "1 Archery\n1 Biking\n", "listed twice"),
        ("classInd.txt", "", "is empty"), ("trainlist01.txt", "Archery/v.avi\n", "line 1"),
        ("trainlist01.txt", "Archery/v.avi 2\n", "has the number 1"),
        ("trainlist01.txt", "Golf/v.avi 3\n", "no class Golf"),
        ("trainlist01.txt", "Archery/v_A_g01_c01.avi 1\n", "in the split twice"),
        ("testlist01.txt", "v.avi\n", "expected CLASS/VIDEO"),
        ("testlist01.txt", "Archery/v.avi 1\n", "expected"),
    ]) func malformedUCF101(name: String, text: String, problem: String) throws {
        try folder.write(text, to: "u/\(name)")
        let found = message(.ucf101, "u")
        #expect(found.contains(problem), "\(found)")
        #expect(found.contains(".txt"))
    }

    @Test func malformedHMDB51AndMissingFiles() {
        #expect(message(.hmdb51, "h", number: 2).contains("cartwheel_test_split2.txt, line 1"))
        #expect(message(.hmdb51, "h", number: 3).contains("holds no file"))
        #expect(message(.hmdb51, "none").contains("cannot be opened"))
        #expect(message(.ucf101, "u", number: 2).contains("trainlist02.txt"))
        #expect(message(.ucf101, "u", number: 4).contains("no split 4"))
    }
}

@Suite struct SourceTests {
    @Test func theFirstGroupOrTheMatchIsTheKey() throws {
        let videos = ["a/x-1_flipped.mp4", "b/x-1.mp4", "b/y.mp4"].map {
            LabelledVideo(path: $0, name: $0, label: "l")
        }
        #expect(try SourceKeys.find("^(.*?)(_flipped)?\\.mp4$", in: videos) == ["x-1", "x-1", "y"])
        #expect(try SourceKeys.find("x-[0-9]+", in: videos) == ["x-1", "x-1", nil])
        #expect(
            failure { () throws(EvaluationError) in _ = try SourceKeys.find("(", in: []) }?.message
                .contains("not a regular expression") == true)
    }
}
