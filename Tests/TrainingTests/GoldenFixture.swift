import Foundation
import Tensors
import TestSupport
import Training

/// The values that the PyTorch reference wrote; `Tests/Fixtures/golden/README.md` says what each is.
struct GoldenFixture {
    static let folder = Repository.fixtures("golden")

    struct Settings: Decodable {
        struct Rates: Decodable {
            var rate: Double
            var decay: Double
            var momentum: Double?
        }
        var videos: Int
        var clips: Int
        var samples: Int
        var steps: Int
        var warm_up: Int
        var gradient_clip: Double
        var optimisers: [String: Rates]
        var objective: ObjectiveConfiguration
        var baseline: ObjectiveConfiguration
        var objective_forms: [String: ObjectiveConfiguration]
    }

    static func settings() throws -> Settings {
        let data = try Data(contentsOf: URL(filePath: folder + "/settings.json"))
        return try JSONDecoder().decode(Settings.self, from: data)
    }

    private let file: SafetensorsFile

    init(_ name: String) throws { file = try SafetensorsFile(path: "\(Self.folder)/\(name).safetensors") }

    func values(_ name: String) throws -> [Float] { try file.tensor(named: name).values }
    func scalar(_ name: String) throws -> Double { Double(try values(name)[0]) }
    func shape(_ name: String) throws -> [Int] { try file.tensor(named: name).shape }
    func bytes(_ name: String) throws -> [UInt8] {
        guard let entry = file.entry(named: name) else { throw CocoaError(.fileNoSuchFile) }
        return try file.bytes(of: entry)
    }
    var names: [String] { file.entries.map(\.name) }
}

/// ‖a − b‖ / ‖b‖, in double precision; the norm itself where b is nothing.
func relativeError(_ first: [Float], _ second: [Float]) -> Double {
    precondition(first.count == second.count)
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(first, second) {
        difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
        norm += Double(b) * Double(b)
    }
    return norm > 0 ? (difference / norm).squareRoot() : difference.squareRoot()
}

/// The cosine of two vectors' angle, in double precision.
func cosine(_ first: [Float], _ second: [Float]) -> Double {
    precondition(first.count == second.count)
    var (products, left, right) = (0.0, 0.0, 0.0)
    for (a, b) in zip(first, second) {
        products += Double(a) * Double(b)
        left += Double(a) * Double(a)
        right += Double(b) * Double(b)
    }
    return products / (left * right).squareRoot()
}
