internal import COneDNN

/// Batch normalisation with the batch's own statistics (Ioffe and Szegedy 2015), the residual sum and the ReLU behind
/// it, forward and backward. Arrays are activations (N,C,t,h,w), blocked or channels-last; sums over the batch are in double.
final class TrainingNorm {
    /// Share of the new batch in the running statistics, as PyTorch's default.
    static let momentum = 0.1

    /// The arrays, as addresses that stay valid; coefficients and saved statistics have `paddedChannels` elements.
    struct Arrays {
        var x: UnsafeMutableRawPointer
        var y: UnsafeMutableRawPointer
        var addend: UnsafeMutableRawPointer?
        var gamma: UnsafeMutablePointer<Float>
        var beta: UnsafeMutablePointer<Float>
        var gammaGradient: UnsafeMutablePointer<Float>
        var betaGradient: UnsafeMutablePointer<Float>
        var runningMean: UnsafeMutablePointer<Float>
        var runningVariance: UnsafeMutablePointer<Float>
        /// Kept from forward to backward: mean, then 1/√(variance + ε).
        var saved: UnsafeMutablePointer<Float>
        /// 3 rows.
        var coefficients: UnsafeMutablePointer<Float>
        /// (2, N, paddedChannels).
        var sums: UnsafeMutablePointer<Double>
    }

    let channels: Int
    let relu: Bool
    private let shape: mt_blocked_shape
    private let arrays: Arrays

    static func paddedChannels(_ channels: Int, block: Int) -> Int { (channels + block - 1) / block * block }

    private var padded: Int { Int(shape.blocks) * Int(shape.block) }
    private var images: Int { Int(shape.images) }

    init(shape: mt_blocked_shape, channels: Int, relu: Bool, arrays: Arrays) {
        self.shape = shape
        self.channels = channels
        self.relu = relu
        self.arrays = arrays
    }

    private func job() -> mt_norm_job {
        var job = mt_norm_job()
        job.shape = shape
        job.x = UnsafeRawPointer(arrays.x)
        job.relu = relu
        job.a = UnsafePointer(arrays.coefficients)
        job.b = UnsafePointer(arrays.coefficients + padded)
        job.c = UnsafePointer(arrays.coefficients + 2 * padded)
        job.sums = arrays.sums
        return job
    }

    /// y = [ReLU]((x − mean)/√(variance + ε)·gamma + beta [+ addend]); moves the running statistics, the variance with
    /// n − 1, as PyTorch does.
    func forward() {
        var job = job()
        mt_norm_statistics(&job)
        let cells = Double(shape.cells)
        let count = cells * Double(images)
        for channel in 0..<channels {
            var mean = 0.0
            for image in 0..<images { mean += arrays.sums[image * padded + channel] }
            mean /= Double(images)
            var squares = 0.0
            for image in 0..<images {
                let difference = arrays.sums[image * padded + channel] - mean
                squares += arrays.sums[(images + image) * padded + channel] + cells * difference * difference
            }
            let inverse = 1 / (squares / count + BatchNormalization.epsilon).squareRoot()
            arrays.saved[channel] = Float(mean)
            arrays.saved[padded + channel] = Float(inverse)
            Self.move(&arrays.runningMean[channel], towards: mean)
            Self.move(&arrays.runningVariance[channel], towards: squares / max(count - 1, 1))
            let scale = Double(arrays.gamma[channel]) * inverse
            arrays.coefficients[channel] = Float(scale)
            arrays.coefficients[padded + channel] = Float(Double(arrays.beta[channel]) - mean * scale)
        }
        clearPadding(of: arrays.saved, rows: 2)
        clearPadding(of: arrays.coefficients, rows: 2)
        job.addend = arrays.addend.map { UnsafeRawPointer($0) }
        job.out = arrays.y
        mt_norm_apply(&job)
    }

    /// dx from dy, the sum of one or two gradients; adds to the gradients of gamma and beta.
    ///
    /// - Parameter masked: where not nil, becomes dy behind the ReLU, which is the addend's gradient.
    ///   It and `dx` may be the memory of one of the gradients.
    func backward(
        _ dy: UnsafeRawPointer, _ other: UnsafeRawPointer?, masked: UnsafeMutableRawPointer?,
        into dx: UnsafeMutableRawPointer
    ) {
        var job = job()
        job.gradient = dy
        job.other_gradient = other
        job.y = UnsafeRawPointer(arrays.y)
        job.a = UnsafePointer(arrays.saved)
        job.out = masked
        mt_norm_backward_sums(&job)
        let count = Double(shape.cells) * Double(images)
        for channel in 0..<channels {
            var sum = 0.0
            var products = 0.0
            for image in 0..<images {
                sum += arrays.sums[image * padded + channel]
                products += arrays.sums[(images + image) * padded + channel]
            }
            let mean = Double(arrays.saved[channel])
            let inverse = Double(arrays.saved[padded + channel])
            arrays.betaGradient[channel] += Float(sum)
            arrays.gammaGradient[channel] += Float(products * inverse)
            // dx = gamma/√v·(d − mean(d) − x̂·mean(d·x̂)), as a·d + b·x + c.
            let a = Double(arrays.gamma[channel]) * inverse
            let b = -a * inverse * inverse * products / count
            arrays.coefficients[channel] = Float(a)
            arrays.coefficients[padded + channel] = Float(b)
            arrays.coefficients[2 * padded + channel] = Float(-a * sum / count - b * mean)
        }
        clearPadding(of: arrays.coefficients, rows: 3)
        job.a = UnsafePointer(arrays.coefficients)
        if let masked {
            job.gradient = UnsafeRawPointer(masked)
            job.other_gradient = nil
            job.relu = false
        }
        job.out = dx
        mt_norm_backward_apply(&job)
    }

    private func clearPadding(of rows: UnsafeMutablePointer<Float>, rows count: Int) {
        for row in 0..<count {
            for channel in channels..<padded { rows[row * padded + channel] = 0 }
        }
    }

    private static func move(_ running: inout Float, towards value: Double) {
        running = Float((1 - momentum) * Double(running) + momentum * value)
    }
}
