import Base
import Foundation
import TestSupport
import Testing
import VideoDecoding

/// Files of several films: all are named, and any can be read.
@Suite struct VideoStreamTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Sound, a film of 96×64, a poster, and a larger film, of which the first is the default.
    private func angles(_ name: String, _ more: [String] = []) throws -> String {
        let film = try NumberedVideo.make(
            in: folder, "film.mkv", count: 60, ["-c:v", "mpeg4", "-q:v", "1", "-bf", "0"])
        let path = folder.file(name)
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "sine=d=2.4", "-i", film, "-f", "lavfi", "-i", "testsrc=s=640x480:r=1:d=1"]
                + [
                    "-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2.4", "-map", "0", "-map", "1", "-map",
                    "2",
                ]
                + ["-map", "3", "-c:v:0", "copy", "-c:v:1", "mjpeg", "-c:v:2", "mpeg4", "-frames:v:1", "1"]
                + ["-disposition:v:0", "default", "-disposition:v:1", "0", "-disposition:v:2", "0"] + more
                + [path])
        return path
    }

    @Test func everyStreamIsNamed() throws {
        let path = try angles(
            "angles.mkv",
            ["-metadata:s:v:2", "title=Second camera", "-metadata:s:v:2", "language=deu"])
        let streams = try VideoStream.all(path: path)
        #expect(streams.map(\.number) == [1, 2, 3])
        #expect(streams.map(\.codec) == ["mpeg4", "mjpeg", "mpeg4"])
        #expect(streams.map(\.width) == [96, 640, 160] && streams.map(\.height) == [64, 480, 120])
        #expect(streams.map(\.isPicture) == [false, true, false])
        #expect(streams.map(\.isMain) == [true, false, false])
        #expect(streams.map(\.isDefault) == [true, false, false])
        #expect(streams.map(\.title) == [nil, nil, "Second camera"])
        #expect(streams.map(\.language) == [nil, nil, "deu"])
        #expect(streams.map(\.program) == [nil, nil, nil])
        #expect(try readAll(path).facts.otherStreams == 1)
        // A lone film has no others, nor has one beside a poster.
        let lone = try VideoStream.all(path: folder.file("film.mkv"))
        #expect(lone.map(\.number) == [0] && lone[0].isMain && !lone[0].isPicture)
        #expect(try readAll(folder.file("film.mkv")).facts.otherStreams == 0)
    }

    @Test(arguments: ["mkv", "mp4", "avi"]) func anyStreamIsReadThatIsAskedFor(_ container: String) throws {
        let path = try angles("angles.\(container)")
        func facts(_ stream: Int?) throws -> StreamFacts {
            let options = ReadingOptions(
                plan: ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1), geometry: .numbered,
                stream: stream)
            var reader = try ClipReader(path: path, options: options)
            while try reader.next() != nil {}
            return reader.facts
        }
        for stream in try VideoStream.all(path: path) {
            let read = try facts(stream.number)
            #expect((read.width, read.height) == (stream.width, stream.height), "\(container)")
            if !stream.isPicture { #expect(abs((read.duration ?? 0) - 2.4) < 0.0415, "\(container)") }
            let picture = try Thumbnail(path: path, at: 0, options: .init(stream: stream.number))
            #expect(abs(picture.width * stream.height - picture.height * stream.width) <= stream.width)
        }
        let main = try #require(try VideoStream.all(path: path).first(where: \.isMain))
        #expect(try facts(nil).width == main.width)
        for missing in [0, 9] {
            let error = #expect(throws: VideoError.self) { try facts(missing) }
            #expect(error?.reason == .noVideoStream)
            #expect(error?.detail.contains("those of pictures are 1, 2, 3") == true, "\(error?.detail ?? "")")
        }
    }

    @Test func aBroadcastsProgrammesHaveNames() throws {
        let path = folder.file("two.ts")
        try FFmpeg.run(
            [
                "-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=2", "-f", "lavfi", "-i",
                "testsrc=s=160x120:r=25:d=2",
            ]
                + ["-map", "0", "-map", "1", "-c:v", "mpeg2video", "-program", "title=One:st=0", "-program"]
                + ["title=Two:st=1", path])
        let streams = try VideoStream.all(path: path)
        #expect(streams.count == 2 && Set(streams.map(\.program)).count == 2)
        #expect(streams.first { $0.width == 160 }?.isMain == true)
        #expect(try readAll(path).facts.otherStreams == 1)
    }
}
