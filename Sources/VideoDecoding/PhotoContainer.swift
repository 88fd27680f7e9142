import Base

/// Photos in the container of MP4 files: HEIC and AVIF (ISO/IEC 23008-12).
enum PhotoContainer {
    enum Kind {
        case photo
        /// A photo with a short film behind it, which FFmpeg does not look for.
        case motionPhoto
    }

    /// Of pictures, of which some say so in second place.
    private static let brands = ["mif1", "heic", "heix", "heim", "heis", "avif"]

    /// Nil of a film, and of a sequence of pictures, which is one.
    static func kind(of file: RegularFile) -> Kind? {
        // A film's boxes may be many: what it is stands in the first, and what follows is looked at up to what tells.
        guard let first = MP4Boxes.first(of: file), first.name == "ftyp", brands.contains(first.brand)
        else { return nil }
        let boxes = MP4Boxes(file, upTo: ["moov", "moof", "mpvd"])
        if boxes.holds("moov") || boxes.holds("moof") { return nil }
        return boxes.holds("mpvd") ? .motionPhoto : .photo
    }
}
