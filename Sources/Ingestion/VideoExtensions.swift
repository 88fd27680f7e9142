/// The names under which folders hold videos; a file named to a run by itself is taken whatever it is called.
enum VideoExtensions {
    static let all: Set<String> = [
        // MPEG-4 and QuickTime
        "mp4", "m4v", "mov", "qt", "3gp", "3g2", "3gpp", "f4v", "mj2", "ismv", "mp4v", "m4s", "cmfv", "mpg4",
        // Matroska and WebM
        "mkv", "mk3d", "webm",
        // Microsoft
        "avi", "divx", "xvid", "wmv", "asf", "wtv", "dvr-ms",
        // MPEG-1, MPEG-2, transport streams, discs
        "mpg", "mpeg", "mpe", "m1v", "m2v", "mpv", "m2p", "vob", "ts", "tp", "trp",
        "m2t", "m2ts", "mts", "mpegts", "m2s", "mp2v", "mpv2", "ps",
        // Flash and Real
        "flv", "rm", "rmvb", "rv",
        // Ogg
        "ogv", "ogm", "ogx", "ogg",
        // Cameras and recorders: Insta360, GoPro, DJI, JVC, Panasonic and Canon, DVD recorders, discs, Dahua, receivers
        "insv", "360", "lrv", "lrf", "mod", "tod", "vro", "evo", "dat", "dav", "rec", "pvr", "vdr", "wm",
        // Professional
        "mxf", "gxf", "dv", "dif", "r3d", "y4m", "yuv4mpeg", "nut", "lxf", "cine",
        // Raw streams
        "h261", "h263", "h264", "264", "avc", "h265", "265", "hevc", "h266", "266", "vvc", "av1", "obu",
        "ivf",
        "mjpeg", "mjpg", "vc1", "drc", "dirac", "cavs", "avs2", "avs3",
        // Animated pictures
        "gif", "webp", "apng", "avifs", "heics", "heifs",
        // Older and games
        "amv", "nsv", "nuv", "fli", "flc", "bik", "bk2", "smk", "roq", "viv", "vivo", "mve", "ivr", "pva",
        "vp6",
    ]

    /// Whether the name ends like a video's.
    static func matches(_ name: String) -> Bool { all.contains(ending(of: name)) }

    /// The part of a name after its last dot, in lower case; "" if there is none.
    static func ending(of name: String) -> String {
        let bytes = name.utf8
        guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot != bytes.startIndex else { return "" }
        return String(name[bytes.index(after: dot)...]).lowercased()
    }
}
