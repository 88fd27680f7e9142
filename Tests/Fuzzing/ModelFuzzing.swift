import Training
import VideoEncoding

/// `config.json` of models, and the choices of a training, in one target: the first byte says which.
enum ModelFuzzing {
    static let target = FuzzTarget(
        name: "model",
        seeds: {
            var seeds: [[UInt8]] = []
            for name in ["slowonly18-w8", "r3d_18", "mc3_18", "r2plus1d_18"] {
                guard var configuration = ModelPreset(name: name)?.configuration() else { continue }
                seeds.append([0] + Array(configuration.text.utf8))
                configuration.calibration = ScoreCalibration(
                    modelFingerprint: "feed", offset: 3, slope: 2.5, threshold: 0.7)
                seeds.append([0] + Array(configuration.text.utf8))
            }
            seeds.append([1] + Array(TrainingConfiguration().json.utf8))
            // One of each kind has all numbers.
            let edges = [seeds[1], seeds[seeds.count - 1]].flatMap(Edges.variants)
            seeds.append([1] + Array("{\"steps\":3}".utf8))
            return seeds + edges
        },
        run: { bytes in
            guard let kind = bytes.first else { return }
            let text = Array(bytes.dropFirst())
            if kind % 2 == 0 {
                try model(text)
            } else {
                guard let read = try? TrainingConfiguration(json: String(decoding: text, as: UTF8.self))
                else { return }
                let again = try? TrainingConfiguration(json: read.json)
                try must(again?.json == read.json, "a training's choices change when they are written")
            }
        })

    private static func model(_ text: [UInt8]) throws {
        guard let read = try? ModelConfiguration(bytes: text, path: "config.json") else { return }
        guard let again = try? ModelConfiguration(bytes: Array(read.text.utf8), path: "config.json") else {
            throw FuzzFailure(description: "what is written of a configuration is refused")
        }
        try must(again.canonicalText == read.canonicalText, "the configuration changes when it is written")
        try must(again.calibration == read.calibration, "the calibration changes when it is written")
        if let calibration = read.calibration {
            for distance in [0, 1, 1e6, 1e300] {
                let score = calibration.score(distance: distance)
                try must(score >= 0 && score <= 1, "a score of \(score)")
            }
        }
        for (name, shape) in ModelWeights.expected(read) {
            try must(shape.allSatisfy { $0 > 0 }, "\(name) would have the shape \(shape)")
        }
    }
}
