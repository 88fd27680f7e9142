import Foundation
import Testing
import TestSupport
import VideoEncoding

/// Models as they were written once, kept forever: they are read, and they are the models that they were. An index holds its
/// model's fingerprint, so that another way to compute it would make strangers of all indexes.
@Suite struct GoldenModelTests {
    private static let golden = Repository.fixtures("golden")

    @Test(arguments: [
        ("r3d_18", "44c96bf5315000748e67dd443f4183bd52f67acced521c5c78283cc550876f33"),
        ("mc3_18", "a2f4608f62cf7f1e2003fb01a2a0a5bbc5923032e77ec68f9c107665e4c1718b"),
        ("r2plus1d_18", "bd095ac3c0266b473dc7fc91864d223e22e8dbb926b9cbaafd25b29279f2b321"),
        ("slowonly18", "93db3c12b7321280bd494931ed0ad53409da93ee5b4b1913fe8f4810f6b2f4b4"),
    ]) func fingerprintsStay(model: String, fingerprint: String) throws {
        #expect(try VideoEncoder(folder: "\(Self.golden)/\(model)").fingerprint == fingerprint)
    }

    /// Format 1 as it was first written, before there were scores.
    @Test func formatOneIsRead() throws {
        let read = try ModelConfiguration(path: "\(Self.golden)/formats/config-1.json")
        #expect(read.name == "slowonly18-w32" && read.dimension == 256)
        #expect(read.plan == .init(framesPerClip: 8, clipDuration: 2, clipStride: 2))
        #expect(read.geometry == .init(width: 112, height: 112) && read.normalization.isPerClip)
        #expect(read.architecture == ModelPreset.slowOnly18(width: 32).architecture)
        #expect(read.logVarianceRange == -10...4)
        #expect(read.calibration == nil)
    }

    /// Format 1 with a calibration of before there was a threshold.
    @Test func formatOneWithScoresIsRead() throws {
        let read = try ModelConfiguration(path: "\(Self.golden)/formats/config-1-calibrated.json")
        let calibration = try #require(read.calibration)
        #expect(calibration.offset == 11.667370111274684 && calibration.slope == 3.208309037729357)
        #expect(calibration.threshold == 0.5)
        #expect(calibration.modelFingerprint.hasPrefix("881dbf668bb10e4e"))
    }

    /// Format 1 with a threshold, as the first model with one was shipped.
    @Test func formatOneWithAThresholdIsRead() throws {
        let read = try ModelConfiguration(path: "\(Self.golden)/formats/config-1-threshold.json")
        let calibration = try #require(read.calibration)
        #expect(calibration.offset == 16.003991454999785 && calibration.slope == 4.392833310315274)
        #expect(calibration.threshold == 0.5519670087157791)
        #expect(calibration.modelFingerprint.hasPrefix("50267c4bbcba39aa"))
        // What it answers: two distances' scores, and where it says that footage is shared.
        #expect(abs(calibration.score(distance: 30) - 0.7148501433130693) < 1e-12)
        #expect(abs(calibration.score(distance: 40) - 0.4233315971770599) < 1e-12)
        #expect(abs(calibration.distance(score: calibration.threshold) - 35.44169195373898) < 1e-9)
        #expect(read.name == "slowonly18-w32" && read.dimension == 256)
        #expect(read.architecture == ModelPreset.slowOnly18(width: 32).architecture)
    }
}
