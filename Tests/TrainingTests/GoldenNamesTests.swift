import Foundation
import Testing
import VideoEncoding

/// One tensor that the conversion takes over from torchvision: a line of `torchvision.json`.
private struct ConvertedTensor: Decodable {
    var theirs: String
    var name: String
    var shape: [Int]

    init(from decoder: any Decoder) throws {
        var row = try decoder.unkeyedContainer()
        theirs = try row.decode(String.self)
        name = try row.decode(String.self)
        shape = try row.decode([Int].self)
    }
}

/// Weights that were converted from torchvision's must go on fitting: the fixture has torchvision's own names and shapes,
/// and ours, as `tools/reference/import_torchvision.py --names` writes them.
@Suite struct GoldenNamesTests {
    @Test(arguments: ["r3d_18", "mc3_18", "r2plus1d_18"])
    func theBackboneIsTorchvisionsTensorByTensor(architecture: String) throws {
        let data = try Data(contentsOf: URL(filePath: GoldenFixture.folder + "/torchvision.json"))
        let all = try JSONDecoder().decode([String: [ConvertedTensor]].self, from: data)
        let converted = try #require(all[architecture])
        let preset = try #require(ModelPreset(name: architecture))
        let own = ModelWeights.expected(preset.configuration()).filter { $0.name.hasPrefix("backbone.") }
        // 20 convolutions, or 17 pairs and 3 shortcuts, each with the four tensors of a batch norm.
        #expect(own.count == (architecture == "r2plus1d_18" ? 37 : 20) * 5 && converted.count == own.count)
        #expect(Set(converted.map(\.theirs)).count == converted.count)
        for (ours, other) in zip(
            own.sorted { $0.name < $1.name }, converted.sorted { $0.name < $1.name })
        {
            #expect(ours.name == other.name && ours.shape == other.shape, "torchvision's \(other.theirs)")
        }
    }
}
