internal import CDistance

/// The instruction set that a scan runs on. All give the same bits; tests hold them to it.
package enum ScanVariant: UInt32, Sendable, CaseIterable {
    case portable = 0
    case avx2 = 1
    case avx512 = 2

    /// Whether this processor runs it.
    package var isSupported: Bool { mixtape_variant_supported(native) }

    /// The fastest that this processor runs, looked up once.
    package static let best = ScanVariant(rawValue: mixtape_best_variant().rawValue) ?? .portable

    var native: mixtape_variant { mixtape_variant(rawValue) }
}
