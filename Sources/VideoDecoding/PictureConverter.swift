internal import CFFmpeg

import Base

/// Brings decoded frames to small RGB pictures: deinterlaced, scaled, turned, cropped, before black.
///
/// Scaling comes first, since turning a small picture costs less. Pictures shrink by area averaging
/// (SWS_AREA): every source pixel counts, so nothing aliases, with the fewest taps of swscale's filters that do so.
/// Of frames flagged as interlaced only the field that is shown first is taken: both
/// fields together would comb, and the half height is still above the size wanted here.
/// The colour matrix (BT.601, BT.709, BT.2020) and the range are the frame's own; without a word from the file
/// the matrix is BT.709 from 720 lines on and BT.601 below. HDR is not tone-mapped.
final class PictureConverter {
    private struct Setup: Equatable {
        var width: Int32
        var height: Int32
        var format: AVPixelFormat
        var space: AVColorSpace
        var isFullRange: Bool
        var scaledWidth: Int32
        var scaledHeight: Int32
    }

    private let geometry: FrameGeometry
    private let view: PictureView
    private var setup: Setup?
    private var scaler: Scaler?
    private var scaled = PixelBuffer(count: 0)
    private let picture: PixelBuffer

    init(geometry: FrameGeometry, view: PictureView = .plain) {
        self.geometry = geometry
        self.view = view
        picture = PixelBuffer(count: geometry.width * geometry.height * 3)
    }

    /// height × width × 3, valid until the next call; nil where the frame's kind of picture cannot be converted.
    func convert(
        _ frame: UnsafePointer<AVFrame>, orientation: Orientation, sampleAspect: Double
    ) -> UnsafeBufferPointer<UInt8>? {
        guard let frame = cropped(frame.pointee, orientation) else { return nil }
        let orientation = orientation.turned(quarters: view.quarterTurns)
        let (format, isJPEG) = Self.plainFormat(AVPixelFormat(frame.format))
        guard let description = av_pix_fmt_desc_get(format), frame.width > 0, frame.height > 0 else {
            return nil
        }
        let flags = description.pointee.flags
        let isPalette = flags & UInt64(AV_PIX_FMT_FLAG_PAL) != 0
        let hasAlpha = flags & UInt64(AV_PIX_FMT_FLAG_ALPHA) != 0 || isPalette
        guard flags & UInt64(AV_PIX_FMT_FLAG_HWACCEL) == 0 else { return nil }

        let takesField = frame.interlaced_frame != 0 && frame.height >= 8 && !isPalette
        // An even number of lines, so that subsampled chroma has as many lines as swscale reads.
        let sourceHeight = takesField ? (frame.height / 2) & ~1 : frame.height
        let displayed = displayedSize(
            width: Double(frame.width) * sampleAspect, height: Double(frame.height), orientation)
        let turned = orientation.isTransposed
        let wanted = Setup(
            width: frame.width, height: sourceHeight, format: format,
            space: Self.colorSpace(frame), isFullRange: isJPEG || frame.color_range == AVCOL_RANGE_JPEG,
            scaledWidth: Int32(turned ? displayed.height : displayed.width),
            scaledHeight: Int32(turned ? displayed.width : displayed.height))
        let channels = hasAlpha ? 4 : 3
        let rowBytes = (Int(wanted.scaledWidth) * channels + 63) & ~63
        if wanted != setup {
            setup = nil
            scaler = Self.makeScaler(wanted, hasAlpha: hasAlpha)
            guard scaler != nil else { return nil }
            // swscale may write a vector beyond the last row's end.
            scaled = PixelBuffer(count: rowBytes * Int(wanted.scaledHeight) + 64)
            setup = wanted
        }
        guard let scaler, scale(frame, by: scaler, takesField: takesField, rowBytes: rowBytes) else {
            return nil
        }
        orientation.copy(
            scaled.pointer, rowBytes: rowBytes, channels: channels, displayed: displayed,
            left: Self.half(displayed.width - geometry.width),
            top: Self.half(displayed.height - geometry.height),
            width: geometry.width, height: geometry.height, to: picture.pointer)
        if view.isInverted { for i in 0..<picture.count { picture.pointer[i] = ~picture.pointer[i] } }
        return UnsafeBufferPointer(start: picture.pointer, count: picture.count)
    }

    /// The part of a frame that is looked at; its pixels stay where they are. Nil where the frame's kind of picture has no parts.
    private func cropped(_ frame: AVFrame, _ orientation: Orientation) -> AVFrame? {
        guard view.region != .whole else { return frame }
        var part = frame
        let stored = orientation.stored(view.region)
        func cut(_ start: Double, _ length: Double, of pixels: Int32) -> (before: Int, behind: Int) {
            // Subsampled chroma, and of interlaced frames both fields, begin at multiples of four.
            let unit = pixels >= 64 ? 4.0 : 2.0
            let pixels = Double(pixels)
            let first = min((start * pixels / unit).rounded() * unit, pixels - unit)
            let stop = min(max(((start + length) * pixels / unit).rounded() * unit, first + unit), pixels)
            return (Int(max(0, first)), Int(pixels - stop))
        }
        let across = cut(stored.x, stored.width, of: frame.width)
        let down = cut(stored.y, stored.height, of: frame.height)
        (part.crop_left, part.crop_right) = (across.before, across.behind)
        (part.crop_top, part.crop_bottom) = (down.before, down.behind)
        let result = av_frame_apply_cropping(&part, Int32(AV_FRAME_CROP_UNALIGNED))
        return result >= 0 ? part : nil
    }

    private func scale(
        _ frame: AVFrame, by scaler: Scaler, takesField: Bool, rowBytes: Int
    ) -> Bool {
        guard let setup else { return false }
        let skipsLine = takesField && frame.top_field_first == 0
        let data = frame.data
        let sizes = frame.linesize
        let lines = [sizes.0, sizes.1, sizes.2, sizes.3]
        let planes: [UnsafePointer<UInt8>?] = zip([data.0, data.1, data.2, data.3], lines).map {
            plane, line in
            plane.map { UnsafePointer(skipsLine ? $0 + Int(line) : $0) }
        }
        let steps = takesField ? lines.map { $0 * 2 } : lines
        let target: [UnsafeMutablePointer<UInt8>?] = [scaled.pointer, nil, nil, nil]
        let written = sws_scale(
            scaler.pointer, planes, steps, 0, setup.height, target, [Int32(rowBytes), 0, 0, 0])
        return written == setup.scaledHeight
    }

    /// The size of the whole picture, turned and scaled, out of which the output is cut.
    private func displayedSize(
        width: Double, height: Double, _ orientation: Orientation
    ) -> (width: Int, height: Int) {
        switch geometry.fit {
        case .stretch:
            return (geometry.width, geometry.height)
        case .centerCrop(let resizeWidth?, let resizeHeight):
            return (max(resizeWidth, geometry.width), max(resizeHeight, geometry.height))
        case .centerCrop(nil, let short):
            let ratio = orientation.isTransposed ? height / width : width / height
            // A hostile 16,384 × 1 must not become a picture of gigabytes.
            let bounded = min(max(ratio, 1.0 / 16), 16)
            let size =
                bounded < 1
                ? (short, Int(Double(short) / bounded)) : (Int(Double(short) * bounded), short)
            return (max(size.0, geometry.width), max(size.1, geometry.height))
        }
    }

    /// Half of a margin, rounded half to even as torchvision's centre crop does.
    private static func half(_ margin: Int) -> Int { Int((Double(margin) / 2).rounded(.toNearestOrEven)) }

    private static func makeScaler(_ setup: Setup, hasAlpha: Bool) -> Scaler? {
        let flags = SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP
        let scaler = Scaler(
            width: setup.width, height: setup.height, format: setup.format, toWidth: setup.scaledWidth,
            toHeight: setup.scaledHeight, toFormat: hasAlpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24,
            flags: flags)
        guard let scaler else { return nil }
        // Refused for RGB sources, which need none of it.
        _ = sws_setColorspaceDetails(
            scaler.pointer, sws_getCoefficients(Int32(setup.space.rawValue)), setup.isFullRange ? 1 : 0,
            sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16)
        return scaler
    }

    private static func colorSpace(_ frame: AVFrame) -> AVColorSpace {
        switch frame.colorspace {
        case AVCOL_SPC_BT709, AVCOL_SPC_FCC, AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M, AVCOL_SPC_SMPTE240M,
            AVCOL_SPC_BT2020_NCL, AVCOL_SPC_BT2020_CL:
            frame.colorspace
        default: frame.height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M
        }
    }

    /// The deprecated formats that mean "full range" in their name, as what they are.
    private static func plainFormat(_ format: AVPixelFormat) -> (AVPixelFormat, isFullRange: Bool) {
        switch format {
        case AV_PIX_FMT_YUVJ420P: (AV_PIX_FMT_YUV420P, true)
        case AV_PIX_FMT_YUVJ422P: (AV_PIX_FMT_YUV422P, true)
        case AV_PIX_FMT_YUVJ444P: (AV_PIX_FMT_YUV444P, true)
        case AV_PIX_FMT_YUVJ440P: (AV_PIX_FMT_YUV440P, true)
        case AV_PIX_FMT_YUVJ411P: (AV_PIX_FMT_YUV411P, true)
        default: (format, false)
        }
    }
}
