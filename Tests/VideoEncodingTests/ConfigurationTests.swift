import NeuralNetwork
import Testing
import VideoEncoding

@Suite struct ConfigurationTests {
    static let presets: [ModelPreset] = [
        .slowOnly18(width: 32), .slowOnly18(width: 64), .r3d18, .mc318, .r2plus1d18,
    ]

    @Test(arguments: presets) func presetsComeBackFromTheirText(preset: ModelPreset) throws {
        let configuration = preset.configuration()
        let read = try ModelConfiguration(bytes: Array(configuration.text.utf8), path: "config.json")
        #expect(read.canonicalText == configuration.canonicalText)
        #expect(read.text == configuration.text)
        #expect(read.architecture == preset.architecture)
        #expect(ModelPreset(name: preset.name) == preset)
    }

    /// torchvision's own counts, less the classifier's.
    @Test func torchvisionParameterCounts() {
        func parameters(_ preset: ModelPreset) -> Int {
            preset.architecture.units.reduce(0) {
                $0 + $1.shape.weightShape.reduce(1, *) + 2 * $1.shape.outputChannels
            }
        }
        #expect(parameters(.r3d18) == 33_371_472 - 512 * 400 - 400)
        #expect(parameters(.mc318) == 11_695_440 - 512 * 400 - 400)
        #expect(parameters(.r2plus1d18) == 31_505_325 - 512 * 400 - 400)
    }

    /// The spelling that the format's description uses, with integers where numbers may stand.
    @Test func aHandWrittenConfigurationIsRead() throws {
        let configuration = try ModelConfiguration(bytes: Array(Self.text().utf8), path: "config.json")
        #expect(configuration.plan.framesPerClip == 8)
        #expect(configuration.geometry.fit == .centerCrop(resizeWidth: 171, resizeHeight: 128))
        #expect(configuration.normalization.isPerClip)
        #expect(configuration.architecture.pool?.stride == Extent3D(1, 2, 2))
        #expect(configuration.architecture.units.map(\.weightName).first == "backbone.stem.0.conv.weight")
    }

    static func text(_ old: String = "", _ new: String = "") -> String {
        let text = """
            {"format": 1, "name": "x", "clip": {"frames": 8, "duration": 2, "stride": 2.0},
             "input": {"width": 112, "height": 112, "fit": "center_crop", "resize": [128, 171],
                       "mean": [0, 0, 0], "standard_deviation": [1, 1, 1], "normalization": "per_clip"},
             "backbone": {"stem": {"convolutions": [
                 {"channels": 32, "kernel": [1,7,7], "stride": [1,2,2], "padding": [0,3,3]}],
               "pool": {"kernel": [1,3,3], "stride": [1,2,2], "padding": [0,1,1]}},
               "stages": [{"blocks": 2, "channels": 32, "kernel": [1,3,3], "stride": [1,1,1], "factorised": false}]},
             "head": {"dimension": 256, "log_variance_range": [-10, 4]}, "calibration": null,
             "training": {"anything": [1, {"goes": "here"}]}}
            """
        guard let range = old.isEmpty ? nil : text.firstRange(of: old) else {
            precondition(old.isEmpty, "the text to replace is not there: \(old)")
            return text
        }
        return text.replacingCharacters(in: range, with: new)
    }

    @Test(arguments: [
        ("\"format\": 1", "\"format\": 2", "model format 2"),
        ("\"format\": 1, ", "", "format is missing"),
        ("\"frames\": 8", "\"frames\": 0", "clip.frames is 0; expected 1 to 256"),
        ("\"frames\": 8", "\"frames\": 8.5", "clip.frames is a number; expected an integer"),
        ("\"duration\": 2", "\"duration\": -2", "clip.duration is -2.0"),
        ("\"stride\": 2.0", "\"strid\": 2.0", "clip.stride is missing"),
        ("\"width\": 112", "\"width\": 112, \"depth\": 3", "unknown key \"input.depth\""),
        ("\"width\": 112", "\"width\": 100000", "input.width is 100000"),
        ("center_crop", "crop", "input.fit is \"crop\""),
        ("[128, 171]", "[100, 171]", "input.resize[0] is 100; expected 112 to 8192"),
        ("[128, 171]", "100", "input.resize is 100; expected 112 to 8192"),
        ("\"mean\": [0, 0, 0]", "\"mean\": [0, 0]", "input.mean has 2 elements; expected 3"),
        (
            "\"standard_deviation\": [1, 1, 1]", "\"standard_deviation\": [1, 0, 1]",
            "input.standard_deviation[1] is 0.0"
        ),
        ("per_clip", "per_video", "input.normalization is \"per_video\""),
        ("\"kernel\": [1,7,7]", "\"kernel\": [1,7]", "backbone.stem.convolutions[0].kernel has 2 elements"),
        ("\"padding\": [0,1,1]", "\"padding\": [0,2,1]", "backbone.stem.pool.padding is more than half"),
        (
            "\"kernel\": [1,3,3], \"stride\": [1,1,1]", "\"kernel\": [1,2,3], \"stride\": [1,1,1]",
            "backbone.stages[0].kernel is [1, 2, 3]"
        ),
        ("\"factorised\": false", "\"factorised\": 0", "backbone.stages[0].factorised is a number"),
        (
            "\"factorised\": false", "\"factorised\": false, \"bias\": 1",
            "unknown key \"backbone.stages[0].bias\""
        ),
        ("\"dimension\": 256", "\"dimension\": 1", "head.dimension is 1"),
        ("[-10, 4]", "[4, -10]", "head.log_variance_range is empty"),
        ("\"calibration\"", "\"callibration\"", "unknown key \"callibration\""),
        (
            "\"calibration\": null", "\"calibration\": {\"method\": \"isotonic\"}",
            "calibration.method is \"isotonic\""
        ),
        (
            "\"calibration\": null",
            "\"calibration\": {\"method\": \"platt_log1p\", \"model\": \"a1\", \"offset\": 3, \"slope\": -1}",
            "calibration.slope is -1.0"
        ),
        ("\"name\": \"x\"", "\"name\": \"x\", \"name\": \"y\"", "\"name\" is given twice"),
        ("\"width\": 112, \"height\": 112", "\"width\": 8, \"height\": 1024", "input.resize[0] is 128"),
        (
            "[0,3,3]}]",
            "[0,0,0]},{\"channels\":8,\"kernel\":[9,1,1],\"stride\":[1,1,1],\"padding\":[0,0,0]}]",
            "too small for the backbone"
        ),
    ])
    func errorsNameTheFileAndTheKey(old: String, new: String, expected: String) {
        do throws(ModelError) {
            _ = try ModelConfiguration(bytes: Array(Self.text(old, new).utf8), path: "folder/config.json")
            Issue.record("no error")
        } catch {
            #expect(error.path == "folder/config.json")
            #expect(error.message.contains(expected), "\(error.message)")
        }
    }

    /// Models that were calibrated before agreements had a speed have no weight for it.
    @Test func weightsOfTheSpeedMayBeMissing() throws {
        let names = [
            "offset", "distance", "change", "steps", "detail", "still", "still_detail", "length",
            "common_change",
            "common_detail",
        ]
        func weights(_ names: [String]) throws -> [Double]? {
            let verified = names.enumerated().map { "\"\($1)\": \($0 + 1)" }.joined(separator: ", ")
            let calibration = """
                "calibration": {"method": "platt_log1p", "model": "a1", "offset": 3, "slope": 1, "threshold": 0.5,
                    "verified": {\(verified)}, "remarks": {}}
                """
            let text = Self.text("\"calibration\": null", calibration)
            return try ModelConfiguration(bytes: Array(text.utf8), path: "config.json").calibration?.verified?
                .weights
        }
        #expect(try weights(names) == (1...10).map(Double.init) + [0])
        #expect(try weights(names + ["speed"]) == (1...11).map(Double.init))
    }

    @Test func networksBeyondAnyMemoryAreRefused() {
        var configuration = ModelPreset.slowOnly18(width: 32).configuration()
        configuration.geometry.width = 1024
        configuration.geometry.height = 1024
        configuration.architecture.stages[0].channels = 4096
        #expect(throws: ModelError.self) {
            _ = try ModelConfiguration(bytes: Array(configuration.text.utf8), path: "config.json")
        }
        // Narrow factorised blocks: no channel is left in the middle.
        configuration = ModelPreset.r2plus1d18.configuration()
        configuration.architecture.stages[0].channels = 1
        configuration.architecture.stages[0].kernel = Extent3D(15, 1, 1)
        configuration.architecture.stem[1].channels = 1
        #expect(throws: ModelError.self) {
            _ = try ModelConfiguration(bytes: Array(configuration.text.utf8), path: "config.json")
        }
    }

    @Test func everyTruncationIsAnError() {
        let bytes = Array(Self.text().utf8)
        for count in 0..<bytes.count {
            #expect(throws: ModelError.self) {
                _ = try ModelConfiguration(bytes: Array(bytes[..<count]), path: "config.json")
            }
        }
    }
}

extension String {
    /// The standard library's own search, without Foundation.
    fileprivate func firstRange(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }

    fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
