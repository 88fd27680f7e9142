import Distributions
import Testing

/// The coherent parts of a video, against merging by hand.
@Suite struct SceneTreeTests {
    /// Clips drawn about a few centres, one after the other.
    private func film(shots: [Int], seed: UInt64, dimension: Int = 6) -> GaussianMixture {
        var generator = SeededGenerator(seed: seed)
        var clips: [Gaussian] = []
        for length in shots {
            let centre = (0..<dimension).map { _ in Float(3 * generator.nextNormal()) }
            for _ in 0..<length {
                clips.append(
                    Gaussian(
                        mean: centre.map { $0 + 0.2 * Float(generator.nextNormal()) },
                        logVariance: (0..<dimension).map { _ in -2 + 0.3 * Float(generator.nextNormal()) }))
            }
        }
        return GaussianMixture(components: clips)
    }

    private func mixture(_ video: GaussianMixture, _ clips: Range<Int>) -> GaussianMixture {
        GaussianMixture(components: Array(video.components[clips]))
    }

    @Test(arguments: [[1], [2], [5], [4, 3], [3, 1, 6, 2], [20, 7, 30]])
    func partsFormAsByHand(shots: [Int]) {
        let video = film(shots: shots, seed: UInt64(shots.count + shots[0]))
        let scenes = SceneTree.scenes(of: video)
        #expect(scenes.count == video.components.count - 1)
        // The plain way: every neighbour's distance anew in each round.
        var open = video.components.indices.map { $0..<$0 + 1 }
        for scene in scenes {
            let distances = zip(open, open.dropFirst()).map {
                Bhattacharyya.closedForm(mixture(video, $0).moments(), mixture(video, $1).moments())
            }
            guard let place = open.dropLast().firstIndex(where: { $0.lowerBound == scene.clips.lowerBound })
            else {
                Issue.record("\(scene.clips) starts in the middle of a part")
                return
            }
            let merged = open[place].lowerBound..<open[place + 1].upperBound
            #expect(merged == scene.clips)
            // Moments are rounded at every joint.
            #expect(distances[place] <= (distances.min() ?? 0) * 1.0001 + 1e-5)
            open.replaceSubrange(place...place + 1, with: [merged])
            let truth = mixture(video, merged).moments()
            for d in 0..<video.dimension {
                #expect(abs(scene.moments.mean[d] - truth.mean[d]) <= 1e-5 * (1 + abs(truth.mean[d])))
                #expect(abs(scene.moments.variance[d] - truth.variance[d]) <= 1e-4 * truth.variance[d])
            }
        }
        #expect(open == [0..<video.components.count])
    }

    @Test func everyShotIsAPart() {
        let shots = [6, 9, 3, 12, 5]
        let scenes = SceneTree.scenes(of: film(shots: shots, seed: 8)).map(\.clips)
        var start = 0
        for length in shots {
            #expect(scenes.contains(start..<start + length))
            start += length
        }
    }

    @Test func equalClipsFormFromTheStart() {
        let clip = Gaussian(mean: [1, 2], logVariance: [0, 0])
        let scenes = SceneTree.scenes(of: GaussianMixture(components: Array(repeating: clip, count: 4)))
        #expect(scenes.map(\.clips) == [0..<2, 0..<3, 0..<4])
        #expect(scenes.allSatisfy { $0.moments == clip.moments })
    }

    @Test(.timeLimit(.minutes(1))) func aDayOfVideoTakesSeconds() {
        let scenes = SceneTree.scenes(of: film(shots: Array(repeating: 20, count: 2000), seed: 3))
        #expect(scenes.last?.clips == 0..<40_000)
    }
}
