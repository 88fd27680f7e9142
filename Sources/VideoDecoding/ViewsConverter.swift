internal import CFFmpeg

import Base

/// Brings decoded frames to small RGB pictures, one per view, one behind the other.
final class ViewsConverter {
    private let converters: [PictureConverter]
    /// Empty where one view alone is asked for.
    private let pictures: PixelBuffer
    private let frameBytes: Int

    init(geometry: FrameGeometry, views: [PictureView]) {
        converters = views.map { PictureConverter(geometry: geometry, view: $0) }
        frameBytes = geometry.frameBytes
        pictures = PixelBuffer(count: views.count > 1 ? views.count * frameBytes : 0)
    }

    /// Valid until the next call; nil where the frame's kind of picture cannot be converted.
    func convert(
        _ frame: UnsafePointer<AVFrame>, orientation: Orientation, sampleAspect: Double
    ) -> UnsafeBufferPointer<UInt8>? {
        if converters.count == 1 {
            return converters[0].convert(frame, orientation: orientation, sampleAspect: sampleAspect)
        }
        for (place, converter) in converters.enumerated() {
            guard
                let made = converter.convert(frame, orientation: orientation, sampleAspect: sampleAspect),
                let first = made.baseAddress
            else { return nil }
            (pictures.pointer + place * frameBytes).update(from: first, count: frameBytes)
        }
        return UnsafeBufferPointer(start: pictures.pointer, count: pictures.count)
    }
}
