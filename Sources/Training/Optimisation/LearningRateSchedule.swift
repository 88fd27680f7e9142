import Glibc

/// Linear warm-up, then a half cosine down to 0 (Loshchilov and Hutter, 2017).
public struct LearningRateSchedule: Sendable, Equatable {
    /// The rate at the end of the warm-up.
    public var peak: Double
    /// w, steps of the warm-up.
    public var warmupSteps: Int
    /// Steps of the whole run.
    public var totalSteps: Int

    /// Names the three numbers.
    public init(peak: Double, warmupSteps: Int, totalSteps: Int) {
        self.peak = peak
        self.warmupSteps = warmupSteps
        self.totalSteps = totalSteps
    }

    /// For step 0 to total − 1: lr·(step + 1)/w in the warm-up, then lr·½(1 + cos(π·(step − w)/(total − w))).
    public func rate(step: Int) -> Double {
        if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
        let part = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
        return peak * 0.5 * (1 + cos(.pi * min(1, part)))
    }
}
