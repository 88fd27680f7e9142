import Training

/// A network small enough to follow by hand, which really learns: the mean colours of a clip's four quarters,
/// less their running mean, times a gain ("backbone"), then two linear heads; μ of unit length.
final class ColorEncoder: TrainableEncoder {
    static let features = 12
    let frames: Int
    let height: Int
    let width: Int
    let dimension: Int
    var architecture: String
    var numberFormat = "float32"
    private let storage: [FloatStorage]
    private var freezing = TrainingConfiguration.Freeze.none
    private var input: [Float] = []
    private var scaled: [Float] = []
    private var units: [Float] = []
    private var lengths: [Float] = []
    /// Makes the forward pass of this step (from 0) give a NaN.
    var breaksAt: Int?
    private var calls = 0

    init(frames: Int = 4, side: Int = 16, dimension: Int = 8, seed: UInt64 = 7) {
        self.frames = frames
        height = side
        width = side
        self.dimension = dimension
        architecture = "colours-\(dimension)"
        let f = Self.features
        let sizes = [f, f * dimension, dimension, f * dimension, dimension]
        storage = (sizes + sizes + [f]).map { FloatStorage(count: $0) }
        var state = seed
        func random() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(state >> 40) / Float(1 << 24) - 0.5
        }
        storage[0].buffer.update(repeating: 1)
        for i in storage[1].buffer.indices { storage[1].buffer[i] = random() }
        for i in storage[3].buffer.indices { storage[3].buffer[i] = 0.2 * random() }
        storage[4].buffer.update(repeating: -5)
    }

    var parameters: [TrainableParameter] {
        let f = Self.features
        let names = [
            "backbone.gain", "head.mean.weight", "head.mean.bias", "head.log_variance.weight",
            "head.log_variance.bias",
        ]
        let shapes = [[f], [dimension, f], [dimension], [dimension, f], [dimension]]
        return (0..<5).map { i in
            TrainableParameter(
                name: names[i], shape: shapes[i], value: storage[i].buffer, gradient: storage[i + 5].buffer,
                isFrozen: freezing == .backbone && i == 0)
        }
    }

    var buffers: [TrainableBuffer] {
        [TrainableBuffer(name: "backbone.running_mean", shape: [Self.features], value: storage[10].buffer)]
    }

    func freeze(_ part: TrainingConfiguration.Freeze) { freezing = part }

    func forward(
        clips: UnsafeBufferPointer<UInt8>, count: Int, mu: UnsafeMutableBufferPointer<Float>,
        s: UnsafeMutableBufferPointer<Float>
    ) {
        let f = Self.features
        input = [Float](repeating: 0, count: count * f)
        let clipSize = frames * height * width * 3
        for clip in 0..<count {
            for pixel in 0..<(clipSize / 3) {
                let (x, y) = (pixel % width, pixel / width % height)
                let quarter = (y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)
                for c in 0..<3 {
                    input[clip * f + quarter * 3 + c] += Float(clips[clip * clipSize + pixel * 3 + c])
                }
            }
        }
        let mean = storage[10].buffer
        for i in input.indices { input[i] = input[i] / Float(clipSize / 12) / 64 }
        for k in 0..<f where freezing == .none {
            var average: Float = 0
            for clip in 0..<count { average += input[clip * f + k] / Float(count) }
            mean[k] += 0.1 * (average - mean[k])
        }
        for i in input.indices { input[i] -= mean[i % f] }
        scaled = input.indices.map { input[$0] * storage[0].buffer[$0 % f] }
        units = [Float](repeating: 0, count: count * dimension)
        lengths = [Float](repeating: 0, count: count)
        for clip in 0..<count {
            for d in 0..<dimension {
                var (m, v) = (storage[2].buffer[d], storage[4].buffer[d])
                for k in 0..<f {
                    m += storage[1].buffer[d * f + k] * scaled[clip * f + k]
                    v += storage[3].buffer[d * f + k] * scaled[clip * f + k]
                }
                units[clip * dimension + d] = m
                lengths[clip] += m * m
                s[clip * dimension + d] = max(-10, min(4, v))
            }
            lengths[clip] = max(1e-6, lengths[clip].squareRoot())
            for d in 0..<dimension {
                units[clip * dimension + d] /= lengths[clip]
                mu[clip * dimension + d] = units[clip * dimension + d]
            }
        }
        if calls == breaksAt { mu[0] = .nan }
        calls += 1
    }

    func backward(dMu: UnsafeBufferPointer<Float>, dS: UnsafeBufferPointer<Float>) {
        let f = Self.features
        for clip in lengths.indices {
            var along: Float = 0
            for d in 0..<dimension { along += dMu[clip * dimension + d] * units[clip * dimension + d] }
            for d in 0..<dimension {
                let i = clip * dimension + d
                let g = (dMu[i] - along * units[i]) / lengths[clip]
                storage[7].buffer[d] += g
                storage[9].buffer[d] += dS[i]
                for k in 0..<f {
                    storage[6].buffer[d * f + k] += g * scaled[clip * f + k]
                    storage[8].buffer[d * f + k] += dS[i] * scaled[clip * f + k]
                    let through = g * storage[1].buffer[d * f + k] + dS[i] * storage[3].buffer[d * f + k]
                    storage[5].buffer[k] += through * input[clip * f + k]
                }
            }
        }
    }

    /// All numbers, bit for bit.
    var bits: [UInt32] {
        storage[..<5].flatMap { $0.buffer.map(\.bitPattern) } + storage[10].buffer.map(\.bitPattern)
    }
}
